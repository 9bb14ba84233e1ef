
// States are shown by shape and words, never by colour alone.
const shapes = {
  disc: <circle cx="8" cy="8" r="6" />,
  half: <path d="M8 2a6 6 0 0 1 0 12zM8 2a6 6 0 0 0 0 12" fill-rule="evenodd" stroke-width="2" class="half" />,
  triangle: <path d="M8 2 15 14H1z" />,
  square: <rect x="3" y="3" width="10" height="10" rx="1.5" />,
  cross: <path d="m4 4 8 8m0-8-8 8" class="line" />,
  check: <path d="m3 8.5 3.5 3.5L13 4.5" class="line" />,
  ring: <circle cx="8" cy="8" r="5" class="line" />,
};

export type ShapeName = keyof typeof shapes;

export function Shape({ is }: { is: ShapeName }) {
  return <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">{shapes[is]}</svg>;
}

/** How something ended: a shape, and words. */
export function Outcome({ shape, words }: { shape: ShapeName; words: string }) {
  return <span class={`outcome outcome-${shape}`}><Shape is={shape} /><span dir="auto">{words}</span></span>;
}
