// Whether a finger or a mouse button is down. What moves the page meanwhile would take the button away from under it: the
// press ends elsewhere, and is no click.
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
