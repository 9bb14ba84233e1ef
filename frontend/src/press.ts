// Nothing moves away from under a hand. While a finger or a mouse button is down, what moves the page would take the button
// away from under it: the press ends elsewhere, and is no click. And a list that grew just before a press has another row there.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

let isDown = false;
let waiting: (() => void)[] = [];

addEventListener("pointerdown", () => (isDown = true), true);
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, release, true);

function release(): void {
  isDown = false;
  const due = waiting;
  waiting = [];
  setTimeout(() => due.forEach((go) => go())); // after the click that follows
}

/** Resolves once nothing is pressed. */
export const released = (): Promise<void> => (isDown ? new Promise((go) => waiting.push(go)) : Promise.resolve());

const REST_MS = 2000; // a hand that rests so long is not about to press

/**
 * The entries of a list as they are now, but in the order and the number in which they stood when a hand, or the focus, came
 * over what shows them; and what that must listen to.
 */
export function useSteady<One>(fresh: One[], idOf: (one: One) => string | number) {
  const isHeld = useSignal(false);
  const order = useRef<(string | number)[]>([]);
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(rest.current), []);
  const hold = () => {
    isHeld.value = true;
    clearTimeout(rest.current);
    rest.current = setTimeout(() => (isHeld.value = false), REST_MS);
  };
  const known = new Map(fresh.map((one) => [idOf(one), one]));
  const held = isHeld.value ? order.current.flatMap((id) => known.get(id) ?? []) : [];
  const steady = held.length ? held : fresh; // none of them: it is another list
  order.current = steady.map(idOf);
  return { steady, hands: { onPointerDown: hold, onPointerMove: hold, onFocusIn: hold, onKeyDown: hold } };
}
