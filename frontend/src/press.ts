// Nothing moves away from under a hand. While a finger or a mouse button is down, what moves the page would take the button
// away from under it: the press ends elsewhere, and is no click. And a list that grew just before a press has another row there.
import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";

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
const isHandNear = signal(false);
let movedAt = 0;
for (const sign of ["pointermove", "pointerdown"]) addEventListener(sign, hold, true);

function hold(): void {
  movedAt = performance.now();
  if (isHandNear.peek()) return;
  isHandNear.value = true;
  const look = () => {
    const left = movedAt + REST_MS - performance.now();
    if (left > 0) setTimeout(look, left);
    else isHandNear.value = false;
  };
  setTimeout(look, REST_MS);
}

/** The entries of a list as they are now, but in the order and the number in which they stood when a hand began to move. */
export function useSteady<One>(fresh: One[], idOf: (one: One) => string | number): One[] {
  const order = useRef<(string | number)[]>([]);
  const known = new Map(fresh.map((one) => [idOf(one), one]));
  const held = isHandNear.value ? order.current.flatMap((id) => known.get(id) ?? []) : [];
  const steady = held.length ? held : fresh; // none of them: it is another list
  order.current = steady.map(idOf);
  return steady;
}
