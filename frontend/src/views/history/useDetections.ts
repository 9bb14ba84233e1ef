import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { readHistory } from "../../api.ts";
import { returns } from "../../store.ts";
import type { Detection } from "../../wire.ts";
import { inWords } from "../../words.ts";
import { chosen, question } from "./filter.ts";

const PAGE = 50;
const MOST = 500; // that the service gives at once

/** The detections that fit, newest first, as many pages as were asked for; they stay when something new is heard. */
export function useDetections(newest: string) {
  const found = useSignal<Detection[] | null>(null);
  const cursor = useSignal<string | null>(null);
  const failure = useSignal("");
  const asked = question(chosen.value);
  const about = JSON.stringify(asked);
  const shown = useRef("");
  const reading = useRef(0);
  const tell = (error: unknown) => void (failure.value = inWords(error));
  const read = (from: string | null, limit = PAGE) => {
    const mine = ++reading.current;
    const unlessAskedAgain = <Answer,>(take: (answer: Answer) => void) => (answer: Answer) => mine === reading.current && take(answer);
    void readHistory(asked, limit, from ?? "").then(unlessAskedAgain((page) => {
      found.value = [...(from === null ? [] : found.value ?? []), ...page.events];
      cursor.value = page.cursor;
      failure.value = "";
    }), unlessAskedAgain(tell));
  };
  useEffect(() => {
    const isOther = shown.current !== about;
    if (isOther) cursor.value = null; // what followed was of another question
    shown.current = about;
    read(null, isOther ? PAGE : Math.min(MOST, Math.max(PAGE, found.value?.length ?? 0)));
  }, [about, newest, returns.value]);
  const replace = (changed: Detection) => {
    found.value = (found.value ?? []).map((one) => (one.id === changed.id ? changed : one));
    failure.value = "";
  };
  return { found: found.value, failure: failure.value, tell, replace, more: cursor.value ? () => read(cursor.value) : null };
}
