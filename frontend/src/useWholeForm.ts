import { useSignal } from "@preact/signals";
import { inWords, Refused } from "./api.ts";
import { isElsewhere, same } from "./saving.ts";

interface Form<Seen> {
  /** What the service has now; undefined where there is nothing, or nothing any more. */
  current: () => Seen | undefined;
  /** What is said where somebody else has changed that since it was seen. */
  elsewhere: (now: Seen | undefined) => string;
  /** What precedes a field's name in the path of its fault, and the id of that field on the page. */
  prefix: RegExp;
  idOf: (field: string) => string;
}

/** A form that is sent as a whole: nothing is overwritten unseen, and why it was refused stands beside the field where there is one. */
export function useWholeForm<Seen>({ current, elsewhere, prefix, idOf }: Form<Seen>) {
  const seen = useSignal(current());
  const faults = useSignal<Record<string, string>>({});
  const refusal = useSignal("");
  const busy = useSignal(false);
  const clear = () => {
    faults.value = {};
    refusal.value = "";
  };
  const explain = (error: unknown) => {
    if (isElsewhere(error)) {
      const now = current();
      refusal.value = elsewhere(now);
      if (now) seen.value = now; // who sends it again has read this
      return;
    }
    const found = (error instanceof Refused ? (error.problem.faults ?? []) : []).map(({ path, message }) => [path.replace(prefix, ""), message] as const);
    faults.value = Object.fromEntries(found);
    refusal.value = found.length && found.every(([field]) => document.getElementById(idOf(field))) ? "" : inWords(error);
  };
  const send = (request: () => Promise<unknown>, then: () => void) => async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    clear();
    await request().then(then, explain);
    busy.value = false;
  };
  return { seen, faults, refusal, busy: busy.value, clear, send, isAsSeen: () => same(current(), seen.value) };
}
