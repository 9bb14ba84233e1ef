import { useAnswer } from "./useAnswer.ts";
import { readHistory } from "./api.ts";
import { detections, REMEMBERED, remembered, type Detection } from "./store.ts";

/**
 * The newest detections of a source, the newest first; null while it is not known whether there are any. The page knows only
 * the newest of all sources: where others have pushed this one's out, the history is asked.
 */
export function useNewest(sourceId: string, most: number): Detection[] | null {
  const known = detections.value.filter((detection) => detection.sourceId === sourceId);
  const isUnknown = sourceId !== "" && known.length === 0 && detections.value.length >= REMEMBERED;
  const ask = async () => (isUnknown ? (await readHistory({ source: sourceId }, most)).events.map(remembered) : null);
  const { answer } = useAnswer(ask, [sourceId, isUnknown]).value;
  return isUnknown ? answer : known;
}
