import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** All that can be done with one thing, behind one button; it closes when something was chosen, or by looking elsewhere. */
export function Menu({ label, children }: { label: string; children: ComponentChildren }) {
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
  return (
    <details class="menu" ref={box} onKeyDown={(event) => event.key === "Escape" && leave()}>
      <summary aria-label={label} title={label}>⋯</summary>
      <div class="panel" onClick={({ target }) => !(target as Element).closest("dialog, [data-asks]") && leave()}>{children}</div>
    </details>
  );
}
