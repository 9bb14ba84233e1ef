import { fieldOf } from "../fields.ts";
import { discard, drafts, edit, settle, valueAt } from "../saving.ts";
import { Control } from "./Control.tsx";
import { SaveState } from "./SaveState.tsx";

const PAUSE_MS = 800;

interface Props {
  /** Of the setting, as in `fields.ts`. */
  path: string;
  label?: string;
  list?: string[];
}

/** A field of a setting that saves itself: a switch or a choice at once, what is typed after a pause. */
export function Field({ path, label, list }: Props) {
  const spec = fieldOf(path)!;
  const value = valueAt(path);
  const draft = drafts.value[path];
  if (value === undefined) return null;
  const isTyped = typeof value !== "boolean" && !spec.options;
  return (
    <Control
      id={path} spec={spec} value={value} text={draft?.text ?? String(value ?? "")} label={label} list={list} isRefused={draft?.state === "refused"}
      onType={(fresh, text) => edit(path, fresh, isTyped ? PAUSE_MS : 0, text)} onLeave={() => void settle(path)} onDrop={() => discard(path)}
    >
      <SaveState path={path} id={`${path}-state`} />
    </Control>
  );
}

/** The fields of several settings of one entry. */
export function Fields({ of, names }: { of: string; names: string[] }) {
  return <>{names.map((name) => <Field key={name} path={`${of}.${name}`} />)}</>;
}
