// What a person asks for with a button: once at a time, with why it failed beside it.
import { useSignal } from "@preact/signals";
import { Outcome } from "./components/Outcome.tsx";
import { readSettings } from "./api.ts";
import { takeOwn } from "./offers.ts";
import { inTurn } from "./saving.ts";
import type { ShownSettings } from "./wire.ts";
import { inWords } from "./words.ts";

export type Deed = ReturnType<typeof useDeed>;

export function useDeed() {
  const refusal = useSignal("");
  const busy = useSignal(false);
  /** Does something; `then` only once that succeeded. */
  const act = async <Answer,>(what: () => Promise<Answer>, then?: (answer: Answer) => void): Promise<void> => {
    busy.value = true;
    refusal.value = "";
    await what().then(then, (error: unknown) => void (refusal.value = inWords(error)));
    busy.value = false;
  };
  return {
    act,
    /** Changes the settings, in turn, by a request that answers with them or with something else. */
    change: (request: () => Promise<unknown>, then?: () => void) => act(() => inTurn(() => request().then(settingsAfter).then(takeOwn)), then),
    refusal,
    busy: busy.value,
    fault: refusal.value && <p role="alert"><Outcome shape="cross" words={refusal.value} /></p>,
  };
}

const settingsAfter = async (answer: unknown): Promise<ShownSettings> =>
  typeof answer === "object" && answer !== null && "revision" in answer && "sources" in answer ? (answer as ShownSettings) : readSettings();
