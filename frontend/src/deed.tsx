// What a person asks for with a button: once at a time, with why it failed beside it.
import { useSignal } from "@preact/signals";
import { Outcome } from "./components/Shape.tsx";
import { inWords, readSettings } from "./api.ts";
import { takeOwn } from "./offers.ts";
import { inTurn } from "./saving.ts";
import type { ShownSettings } from "./wire.ts";

export type Deed = ReturnType<typeof useDeed>;

export function useDeed() {
  const refusal = useSignal("");
  const done = useSignal("");
  const busy = useSignal(false);
  /** Does something; `then` only once that succeeded, and says what it returns. */
  const act = async <Answer,>(what: () => Promise<Answer>, then?: (answer: Answer) => unknown): Promise<void> => {
    busy.value = true;
    refusal.value = done.value = "";
    await what().then((answer) => {
      const words = then?.(answer);
      if (typeof words === "string") done.value = words;
    }, (error: unknown) => void (refusal.value = inWords(error)));
    busy.value = false;
  };
  return {
    act,
    /** The same, as a form that is sent. */
    send: (what: () => Promise<unknown>, then?: () => unknown) => (event: Event) => {
      event.preventDefault();
      if (!busy.value) void act(what, then);
    },
    /** Changes the settings, in turn, by a request that answers with them or with something else. */
    change: (request: () => Promise<unknown>, then?: () => unknown) => act(() => inTurn(() => request().then(settingsAfter).then(takeOwn)), then),
    refusal,
    busy: busy.value,
    said: <output class="muted">{done.value}</output>,
    fault: refusal.value && <p role="alert"><Outcome shape="cross" words={refusal.value} /></p>,
  };
}

const areSettings = (found: unknown): found is ShownSettings => typeof found === "object" && found !== null && "revision" in found && "sources" in found;

/** The settings that an answer is, or has in it; else they are asked for. */
async function settingsAfter(answer: unknown): Promise<ShownSettings> {
  const inside = (answer as { settings?: unknown } | null)?.settings;
  return areSettings(answer) ? answer : areSettings(inside) ? inside : readSettings();
}
