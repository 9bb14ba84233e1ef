import { fieldOf } from "../fields.ts";
import { Control } from "./Control.tsx";
import { Fault } from "./FormField.tsx";

interface Props {
  /** Begins the ids of the fields. */
  scope: string;
  /** Where the settings are, as in `fields.ts`. */
  of: string;
  names: string[];
  values: Record<string, unknown>;
  /** What a field is where nothing was given yet. */
  defaults?: Record<string, unknown>;
  /** Why a field was refused, by its name. */
  faults: Record<string, string>;
  set: (name: string, value: unknown) => void;
}

/** The fields of settings that are sent as a whole. */
export function FormFields({ scope, of, names, values, defaults = {}, faults, set }: Props) {
  return (
    <>
      {names.map((name) => {
        const value = values[name] ?? defaults[name] ?? "";
        const kind = defaults[name] ?? value; // what was typed in place of a number is none
        const id = `${scope}.${name}`;
        return (
          <Control key={name} id={id} spec={fieldOf(`${of}.${name}`)!} value={kind} text={String(value)} isRefused={Boolean(faults[name])} onType={(fresh) => set(name, fresh)}>
            <Fault id={`${id}-fault`} why={faults[name]} />
          </Control>
        );
      })}
    </>
  );
}
