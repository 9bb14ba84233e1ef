import { Shape, type ShapeName } from "./Shape.tsx";

/** How something ended: a shape, and words. */
export function Outcome({ shape, words }: { shape: ShapeName; words: string }) {
  return <span class={`outcome outcome-${shape}`}><Shape is={shape} /><span dir="auto">{words}</span></span>;
}
