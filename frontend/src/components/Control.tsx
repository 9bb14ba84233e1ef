import type { ComponentChildren } from "preact";
import type { FieldSpec } from "../fields.ts";
import { isKey, t } from "../i18n/index.ts";
import { Help } from "./Buttons.tsx";

interface Props {
  id: string;
  spec: FieldSpec;
  /** What there is, which decides what kind of control it is; and what is shown, as it was typed. */
  value: unknown;
  text: string;
  label?: string | undefined;
  /** What is offered while one types. */
  list?: string[] | undefined;
  isRefused: boolean;
  /** What became of what was typed. */
  children: ComponentChildren;
  onType: (value: string | number | boolean | null, text: string) => void;
  onLeave?: () => void;
  onDrop?: () => void;
}

/** The control of one setting with its label, its hint and what became of it: a switch, a choice, a number or a text. */
export function Control({ id, spec, value, text, label = t(spec.label), list, isRefused, children, onType, onLeave, onDrop }: Props) {
  const hintKey = `${spec.label}_hint`;
  const hint = isKey(hintKey) ? <p class="hint" id={`${id}-hint`}>{t(hintKey)}</p> : null;
  const described = { "aria-invalid": isRefused, "aria-describedby": `${id}-state ${id}-fault ${id}-hint` };
  const half = spec.half ? "half" : "";
  if (typeof value === "boolean") {
    return <div class={`field field-switch ${half}`}><span class="label-row"><Switch id={id} checked={text === "true"} label={label} onChange={(on) => onType(on, String(on))} /><Help about={spec.label} /></span>{children}{hint}</div>;
  }
  const isNumber = typeof value === "number" || spec.type === "number";
  const own = {
    id, ...described, value: text, placeholder: spec.placeholder ?? "", dir: spec.dir ?? ("ltr" as const), autocomplete: "off" as const, spellcheck: false,
    onBlur: onLeave,
    onKeyDown: (event: KeyboardEvent) => (event.key === "Enter" && spec.type !== "lines" ? onLeave?.() : event.key === "Escape" && onDrop?.()),
    onInput: ({ currentTarget: { value: typed } }: { currentTarget: { value: string } }) => onType(isNumber ? asNumber(typed, value) : typed, typed),
  };
  return (
    <div class={`field ${half} field-${id.slice(id.lastIndexOf(".") + 1)}`}>
      <span class="label-row"><label for={id}>{label}</label><Help about={spec.label} /></span>
      {spec.options
        ? (
          <select id={id} {...described} onChange={({ currentTarget: { value: chosen } }) => onType(chosen, chosen)}>
            {spec.options.map((one) => <option key={one} value={one} selected={one === text}>{optionOf(spec, one)}</option>)}
          </select>
        )
        : isNumber
          ? <input type="number" step="any" min={spec.min} max={spec.max} inputMode="decimal" {...own} />
          : spec.type === "lines"
            ? <textarea rows={4} {...own} />
            : spec.type === "password"
              ? <input type="password" {...own} autocomplete="new-password" onFocus={(event) => event.currentTarget.select()} />
              : <input type="text" list={list && `${id}-list`} {...own} />}
      {list && <datalist id={`${id}-list`}>{list.map((one) => <option key={one} value={one} />)}</datalist>}
      {children}
      {hint}
    </div>
  );
}

function optionOf({ label }: FieldSpec, option: string): string {
  const key = `${label}.${option || "any"}`;
  return isKey(key) ? t(key) : option;
}

/** What was typed as the number it is, or as it was typed, for the service to say what is wrong with it. */
function asNumber(typed: string, before: unknown): number | string | null {
  if (typed.trim() === "") return typeof before === "number" ? typed : null;
  return Number.isNaN(Number(typed)) ? typed : Number(typed);
}

interface SwitchProps {
  checked: boolean;
  label: string;
  hidden?: boolean;
  id?: string;
  onChange: (checked: boolean) => void;
}

/** On or off; `hidden` keeps the label for screen readers only. */
export function Switch({ checked, label, hidden = false, id, onChange }: SwitchProps) {
  return (
    <label class="switch">
      <input type="checkbox" role="switch" id={id} checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <i class="switch-track" aria-hidden="true" />
      <span class={hidden ? "unseen" : ""} dir="auto">{label}</span>
    </label>
  );
}
