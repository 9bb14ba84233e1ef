import { useRef } from "preact/hooks";
import { fieldOf } from "../fields.ts";
import { t } from "../i18n/index.ts";
import { discard, edit, settle, valueAt } from "../saving.ts";
import { drafts } from "../store.ts";
import { Control } from "./Control.tsx";
import { Shape } from "./Shape.tsx";

const PAUSE_MS = 800;

interface Props {
  /** Of the setting, as in `fields.ts`. */
  path: string;
  label?: string;
  list?: string[];
  /** What may be chosen, where only the page knows it. */
  options?: string[];
}

/** A field of a setting that saves itself: a switch or a choice at once, what is typed after a pause. */
export function Field({ path, label, list, options }: Props) {
  const known = fieldOf(path)!;
  const spec = options ? { ...known, options: [...new Set(options)] } : known;
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

/** Beneath a field: saving, saved, or why not. From the first edit on it has its line, so that no news moves what follows. */
export function SaveState({ path, id }: { path: string; id: string }) {
  const draft = drafts.value[path];
  const isKept = useRef(false);
  isKept.current ||= draft !== undefined;
  const refused = draft?.state === "refused" || draft?.state === "unreachable";
  return (
    <p class={`save-state ${isKept.current ? "save-kept" : ""} ${refused ? "save-refused" : ""}`} id={id} role={refused ? "alert" : undefined}>
      {refused && <><Shape is="cross" /><span dir="auto">{draft.reason}</span></>}
      {draft?.state === "saving" && t("saving.saving")}
      {draft?.state === "saved" && <><Shape is="check" />{t("saving.saved")}</>}
    </p>
  );
}
