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
