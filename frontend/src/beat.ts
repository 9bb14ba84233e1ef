// What moves on the page moves on one beat: ten times a second, with the levels, so that the browser makes one frame of
// all of it. Only what can be seen is drawn.

const MANY = 10; // a wall of meters is read at five frames a second as well
const IDLE_MS = 250; // without levels, for what moves with time alone

interface Drawn {
  draw(place: HTMLElement): void;
  isSeen: boolean;
}

const drawn = new Map<HTMLElement, Drawn>();
let last = 0;
let isOff = false;
let idle: ReturnType<typeof setInterval> | undefined;

const scrolled = new IntersectionObserver((places) => {
  for (const { target, isIntersecting } of places) {
    const one = drawn.get(target as HTMLElement);
    if (!one) continue;
    one.isSeen = isIntersecting;
    if (isIntersecting) one.draw(target as HTMLElement);
  }
});

/** Calls `draw` on every beat while `place` can be seen; returns how to stop. */
export function onBeat(place: HTMLElement, draw: Drawn["draw"]): () => void {
  drawn.set(place, { draw, isSeen: false });
  scrolled.observe(place);
  idle ??= setInterval(() => performance.now() - last > IDLE_MS && beat(), IDLE_MS);
  return () => {
    drawn.delete(place);
    scrolled.unobserve(place);
    if (drawn.size) return;
    clearInterval(idle);
    idle = undefined;
  };
}

/** Draws all that can be seen; where that is much, on every second beat. */
export function beat(): void {
  last = performance.now();
  isOff = drawn.size > MANY && !isOff;
  if (!document.hidden && !isOff) drawn.forEach((one, place) => one.isSeen && one.draw(place));
}
