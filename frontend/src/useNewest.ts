import { useAnswer } from "./useAnswer.ts";
import { readHistory } from "./api.ts";
import { detections, REMEMBERED, remembered, type Detection } from "./store.ts";

/**
 * The newest detections of a source, the newest first; null while it is not known which. The page knows only the newest of
 * all sources: where others may have pushed some of this one's out, the history is asked.
 */
export function useNewest(sourceId: string, most: number): Detection[] | null {
  const known = detections.value.filter((detection) => detection.sourceId === sourceId).slice(0, most);
  const isUnknown = known.length < most && detections.value.length >= REMEMBERED;
  const ask = async () => (isUnknown ? (await readHistory({ source: sourceId }, most)).events.map(remembered) : []);
  const { answer } = useAnswer(ask, [sourceId, isUnknown]).value;
  if (!isUnknown) return known;
  return answer && [...known, ...answer.filter(({ id }) => !known.some((one) => one.id === id))].slice(0, most);
}
