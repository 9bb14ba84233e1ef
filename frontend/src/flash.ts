import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

/** True for `lastsMs` after each fresh value that `read` gives, but for the one that is there at first; what else changes
 * meanwhile does not prolong it. */
export function useFlash(read: () => unknown, lastsMs: number) {
  const on = useSignal(false);
  const known = useRef<{ value: unknown } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useSignalEffect(() => {
    const fresh = read();
    const before = known.current;
    if (fresh === undefined && before) return;
    known.current = { value: fresh };
    if (!before || fresh === before.value) return;
    on.value = true;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => (on.value = false), lastsMs);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return on;
}
