import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { historyFile, inWords, readHistory } from "../../api.ts";
import { Title } from "../../components/Buttons.tsx";
import { t } from "../../i18n/index.ts";
import { useSteady } from "../../press.ts";
import { chosen, returns } from "../../store.ts";
import type { Detection } from "../../wire.ts";
import { DetectionRow } from "./DetectionRow.tsx";
import { Timeline } from "./Timeline.tsx";
import { question } from "./filter.ts";

const HEADS = ["feed.time", "feed.source", "history.heard", "feed.score", "deliveries.title"] as const;

/** The detections that fit: on a line of time, as a table, and as a file. */
export function Found({ newest }: { newest: string }) {
  const { found, failure, tell, replace, more } = useDetections(newest);
  const steady = useSteady(found ?? [], ({ id }) => id);
  return (
    <section class="panel" aria-labelledby="found-title">
      <Title id="found-title" of="history.found" />
      {failure && <p class="save-state save-refused" role="alert">{failure}</p>}
      {found?.length === 0 && <p class="muted empty">{t("history.nothing")}</p>}
      {found && found.length > 0 && (
        <>
          <Timeline events={found} />
          <table class="found">
            <thead>
              <tr>
                {HEADS.map((head) => <th key={head} scope="col">{t(head)}</th>)}
                <th><span class="unseen">{t("history.actions")}</span></th>
              </tr>
            </thead>
            <tbody>{steady.map((event) => <DetectionRow key={event.id} event={event} onChange={replace} onFail={tell} />)}</tbody>
          </table>
        </>
      )}
      <div class="found-foot">
        {more && <button type="button" class="quiet more" onClick={more}>{t("history.more")}</button>}
        <p class="downloads">
          {(["csv", "jsonl"] as const).map((format) => (
            <a key={format} class="button" href={historyFile(question(chosen.value), format)} download>
              {t("history.download", { format: format === "csv" ? "CSV" : "JSON" })}
            </a>
          ))}
        </p>
      </div>
    </section>
  );
}

const PAGE = 50;
const MOST = 500; // that the service gives at once

/** The detections that fit, newest first, as many pages as were asked for; they stay when something new is heard. */
function useDetections(newest: string) {
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
