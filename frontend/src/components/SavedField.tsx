import { discard, drafts, edit, settle } from "../saving.ts";
import { SaveState } from "./SaveState.tsx";

const PAUSE_MS = 900;

interface Props {
  path: string;
  label: string;
  value: string | number;
  hint?: string;
  type?: "text" | "password" | "lines";
  min?: number;
  max?: number;
  placeholder?: string;
  /** "auto" for what people call things; else it is written from left to right. */
  dir?: "ltr" | "auto";
  /** What is offered while one types. */
  list?: string[];
}

/** A field of a setting that saves itself: its label, what helps to fill it in, and how the saving went. */
export function SavedField({ path, label, value, hint, type = "text", min, max, placeholder = "", dir = "ltr", list }: Props) {
  const draft = drafts.value[path];
  const own = {
    id: path, value: draft?.text ?? value, placeholder,
    dir, autocomplete: "off" as const, spellcheck: false,
    "aria-invalid": draft?.state === "refused", "aria-describedby": `${path}-state ${path}-hint`,
    onBlur: () => void settle(path),
    onKeyDown: (event: KeyboardEvent) => (event.key === "Enter" && type !== "lines" ? void settle(path) : event.key === "Escape" && discard(path)),
    onInput: ({ currentTarget: { value: text } }: { currentTarget: { value: string } }) =>
      edit(path, typeof value === "number" && text.trim() !== "" && !Number.isNaN(Number(text)) ? Number(text) : text, PAUSE_MS, text),
  };
  return (
    <div class="field">
      <label for={path}>{label}</label>
      {typeof value === "number" && <input type="number" step="any" min={min} max={max} inputMode="decimal" {...own} />}
      {typeof value === "string" && type === "password" && <input type="password" {...own} autocomplete="new-password" onFocus={(event) => event.currentTarget.select()} />}
      {typeof value === "string" && type === "text" && <input type="text" list={list && `${path}-list`} {...own} />}
      {list && <datalist id={`${path}-list`}>{list.map((one) => <option key={one} value={one} />)}</datalist>}
      {typeof value === "string" && type === "lines" && <textarea rows={4} {...own} />}
      <SaveState path={path} id={`${path}-state`} />
      {hint && <p class="hint" id={`${path}-hint`}>{hint}</p>}
    </div>
  );
}
