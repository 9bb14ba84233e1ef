import { useFlash } from "../flash.ts";
import { lastOf } from "../store.ts";

/** For so long a clap can be seen: long enough to look up from the other end of the room. */
export const GLOW_MS = 10_000;

/** The light of a source's last clap, behind what stands on its tile; it fades by itself. */
export function Glow({ sourceId }: { sourceId: string }) {
  const glowing = useFlash(() => lastOf.value[sourceId]?.id, GLOW_MS);
  return glowing.value ? <i class="glow" key={lastOf.value[sourceId]?.id} /> : null;
}
