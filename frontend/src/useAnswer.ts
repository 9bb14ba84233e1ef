import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { returns } from "./store.ts";
import { inWords } from "./words.ts";

export interface Answered<Answer> {
  answer: Answer | null;
  /** Why there is none, in words. */
  failure: string;
}

/**
 * What `ask` answers, asked again whenever `about` changes or the connection comes back; the newest question wins, and an old
 * answer stays until then.
 */
export function useAnswer<Answer>(ask: () => Promise<Answer>, about: unknown[]): Signal<Answered<Answer>> {
  const state = useSignal<Answered<Answer>>({ answer: null, failure: "" });
  useEffect(() => {
    let isWanted = true;
    ask().then(
      (answer) => isWanted && (state.value = { answer, failure: "" }),
      (error: unknown) => isWanted && (state.value = { ...state.value, failure: inWords(error) }),
    );
    return () => (isWanted = false, undefined);
  }, [...about, returns.value]);
  return state;
}
