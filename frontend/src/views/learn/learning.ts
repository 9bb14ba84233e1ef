// What a source has learnt of its place, read again whenever the service says that it has changed.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ask, inWords } from "../../api.ts";
import { learningNews, returns } from "../../store.ts";
import type { Learning } from "../../wire.ts";

export interface Known {
  state: Signal<Learning | null>;
  /** Why something could not be done, in words; empty when all is well. */
  failure: Signal<string>;
  /** Shows the state that a request answers with, or why it failed. */
  act: (request: Promise<Learning>) => Promise<void>;
}

export function useLearning(sourceId: string): Known {
  const state = useSignal<Learning | null>(null);
  const failure = useSignal("");
  const newest = useRef(0);
  const act = async (request: Promise<Learning>) => {
    const mine = ++newest.current;
    await request.then(
      (answer) => {
        if (mine === newest.current) state.value = answer;
        failure.value = "";
      },
      (error: unknown) => (failure.value = inWords(error)),
    );
  };
  const news = learningNews.value;
  const version = news?.source_id === sourceId ? news : null;
  useEffect(() => void act(ask("GET /api/sources/{source_id}/learning", { path: { source_id: sourceId } })), [sourceId, version, returns.value]);
  return { state, failure, act };
}
