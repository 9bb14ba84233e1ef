import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  label: string;
  /** What stands on the button, and its class. */
  sign?: ComponentChildren;
  kind?: "menu" | "help" | "problems";
  children: ComponentChildren;
}

/** Something behind a button; it closes when something in it was chosen, or by looking elsewhere. */
export function Menu({ label, sign = "⋯", kind = "menu", children }: Props) {
  const box = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = ({ target }: Event) => {
      if (box.current?.open && !box.current.contains(target as Node)) box.current.open = false;
    };
    const events = ["pointerdown", "focusin"] as const;
    events.forEach((name) => addEventListener(name, close));
    return () => events.forEach((name) => removeEventListener(name, close));
  }, []);
  const leave = () => {
    box.current!.open = false;
    box.current!.querySelector("summary")!.focus();
  };
  const choose = ({ target }: Event) => (target as Element).closest("button, a") && !(target as Element).closest("dialog, [data-asks]") && leave();
  return (
    <details class={kind} ref={box} onKeyDown={(event) => event.key === "Escape" && leave()}>
      <summary aria-label={label} title={label}>{sign}</summary>
      <div class="panel" onClick={choose}>{children}</div>
    </details>
  );
}
