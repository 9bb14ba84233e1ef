import { fieldOf } from "../fields.ts";
import { Control } from "./Control.tsx";
import { Shape } from "./Shape.tsx";

/** Attributes of the input that are passed on as they are. */
interface Attributes {
  value: string;
  autocomplete?: "off" | "new-password" | "current-password" | "one-time-code";
  dir?: "ltr" | "auto";
  inputMode?: "url" | "decimal";
  max?: string;
  maxLength?: number;
  min?: string;
  placeholder?: string;
  required?: boolean;
  spellcheck?: boolean;
  step?: string;
}

interface Props extends Attributes {
  id: string;
  label: string;
  value: string;
  hint?: string;
  fault?: string | undefined;
  /** Takes half the width where there is room. */
  half?: boolean;
  type?: "text" | "number" | "password";
  onType: (typed: string) => void;
}

/** A field of a form that is sent as a whole: its label, what helps to fill it in, and why it was refused. */
export function FormField({ id, label, hint, fault, half = false, type = "text", onType, ...attributes }: Props) {
  const own = {
    ...attributes, id, "aria-invalid": Boolean(fault), "aria-describedby": `${id}-fault ${id}-hint`,
    onInput: (event: { currentTarget: HTMLInputElement }) => onType(event.currentTarget.value),
  };
  return (
    <div class={`field ${half ? "half" : ""}`}>
      <label for={id}>{label}</label>
      {type === "text" && <input type="text" {...own} />}
      {type === "number" && <input type="number" {...own} />}
      {type === "password" && <input type="password" {...own} onFocus={(event) => event.currentTarget.select()} />}
      <Fault id={`${id}-fault`} why={fault} />
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** Why a field was refused; an empty line of the same height where it was not. */
export function Fault({ id, why }: { id: string; why: string | undefined }) {
  return <p class="save-state save-refused" id={id} role={why ? "alert" : undefined}>{why && <><Shape is="cross" /><span dir="auto">{why}</span></>}</p>;
}

interface FormFieldsProps {
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
export function FormFields({ scope, of, names, values, defaults = {}, faults, set }: FormFieldsProps) {
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
