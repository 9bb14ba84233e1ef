import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

/** True for `lastsMs` after each fresh value that `read` gives; what else changes meanwhile does not prolong it. */
export function useFlash(read: () => unknown, lastsMs: number) {
  const on = useSignal(false);
  const known = useRef<unknown>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useSignalEffect(() => {
    const fresh = read();
    if (fresh === undefined || fresh === known.current) return;
    known.current = fresh;
    on.value = true;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => (on.value = false), lastsMs);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return on;
}
