import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { inWords, readHistory } from "./api.ts";
import { type Detection, detections, REMEMBERED, remembered, returns } from "./store.ts";

interface Answered<Answer> {
  answer: Answer | null;
  /** Why there is none, in words. */
  failure: string;
}

/**
 * What `ask` answers, asked again whenever `about` changes, the connection comes back, or `everyMs` have passed; the newest
 * question wins, and an old answer stays until then.
 */
export function useAnswer<Answer>(ask: () => Promise<Answer>, about: unknown[], everyMs = 0): Signal<Answered<Answer>> {
  const state = useSignal<Answered<Answer>>({ answer: null, failure: "" });
  const round = useSignal(0);
  useEffect(() => {
    if (!everyMs) return undefined;
    const timer = setInterval(() => document.hidden || (round.value += 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  useEffect(() => {
    let isWanted = true;
    ask().then(
      (answer) => isWanted && (state.value = { answer, failure: "" }),
      (error: unknown) => isWanted && (state.value = { ...state.value, failure: inWords(error) }),
    );
    return () => (isWanted = false, undefined);
  }, [...about, returns.value, round.value]);
  return state;
}

/**
 * The newest detections of a source, or of all where it is empty, the newest first; null while it is not known which. The
 * page knows only the newest of all sources: where others may have pushed some of this one's out, the history is asked.
 */
export function useNewest(sourceId: string, most: number): Detection[] | null {
  const known = detections.value.filter((detection) => !sourceId || detection.sourceId === sourceId).slice(0, most);
  const isUnknown = sourceId !== "" && known.length < most && detections.value.length >= REMEMBERED;
  const ask = async () => (isUnknown ? (await readHistory({ source: sourceId }, most)).events.map(remembered) : []);
  const { answer } = useAnswer(ask, [sourceId, isUnknown]).value;
  if (!isUnknown) return known;
  return answer && [...known, ...answer.filter(({ id }) => !known.some((one) => one.id === id))].slice(0, most);
}
