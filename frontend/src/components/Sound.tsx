import { drafts } from "../saving.ts";
import { isCurrent, statuses } from "../store.ts";
import type { SourceSettings } from "../types.ts";
import { LevelMeter } from "./LevelMeter.tsx";
import { ScoreStrip } from "./ScoreStrip.tsx";

/** How loud a source is, and how its candidates scored; of one that gives no sound, nothing: why not is said elsewhere. */
export function Sound({ source }: { source: SourceSettings }) {
  const status = statuses.value[source.id];
  if (status && status.state !== "live" && (status.code || status.attempt)) return null;
  return (
    <>
      <LevelMeter sourceId={source.id} live={isHeard(source.id)} />
      <ScoreStrip sourceId={source.id} threshold={thresholdOf(source)} />
    </>
  );
}

export const isHeard = (sourceId: string) => statuses.value[sourceId]?.state === "live" && isCurrent.value;

/** Whether a source is switched on, as it is being set just now. */
export const isOn = ({ id, enabled }: SourceSettings) => Boolean(drafts.value[`sources.${id}.enabled`]?.value ?? enabled);

/** A source's threshold as it is being set just now. */
export function thresholdOf(source: SourceSettings): number {
  const draft = drafts.value[`sources.${source.id}.threshold`]?.value;
  return typeof draft === "number" ? draft : source.threshold;
}
