import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clipAddress, markDetection, readHistory, replayDetection } from "../../api.ts";
import { clock, duration, iso, percent, score } from "../../i18n/format.ts";
import { soundName, t } from "../../i18n/index.ts";
import { returns } from "../../store.ts";
import type { Mark } from "../../types.ts";
import type { Detection } from "../../wire.ts";
import { inWords } from "../../words.ts";
import { chosen, question } from "./filter.ts";

const PAGE = 25;
const MOST = 500; // that the service gives at once

/** The detections that fit, newest first, as many pages as were asked for; they stay when something new is heard. */
export function Found({ newest }: { newest: string }) {
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
    const unlessAskedAnew = <Answer,>(take: (answer: Answer) => void) => (answer: Answer) => mine === reading.current && take(answer);
    void readHistory(asked, limit, from ?? "").then(unlessAskedAnew((page) => {
      found.value = [...(from === null ? [] : found.value ?? []), ...page.events];
      cursor.value = page.cursor;
      failure.value = "";
    }), unlessAskedAnew(tell));
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

  return (
    <section class="panel" aria-labelledby="found-title">
      <h2 id="found-title">{t("history.found")}</h2>
      {failure.value && <p class="save-state save-refused" role="alert">{failure.value}</p>}
      {found.value?.length === 0 && <p class="muted empty">{t("history.nothing")}</p>}
      <ul class="found">
        {found.value?.map((event) => <Detection key={event.id} event={event} onChange={replace} onFail={tell} />)}
      </ul>
      {cursor.value && (
        <button type="button" class="quiet more" onClick={() => read(cursor.value)}>{t("history.more")}</button>
      )}
    </section>
  );
}

interface Props {
  event: Detection;
  onChange: (event: Detection) => void;
  onFail: (error: unknown) => void;
}

function Detection({ event, onChange, onFail }: Props) {
  const sent = useSignal("");
  const mark = (said: Mark) =>
    void markDetection(event.id, event.mark === said ? null : said).then(onChange).catch(onFail);
  const replay = () =>
    void replayDetection(event.id).then(({ receivers }) => (sent.value = t("history.replayed", { count: receivers }))).catch(onFail);
  return (
    <li>
      <time class="numbers" dateTime={iso(event.timestamp)}>{clock(event.timestamp)}</time>
      <span class="score-pill numbers">{score(event.score)}</span>
      <span class="found-what">
        <b class="clip" dir="auto" title={event.source_name}>{event.source_name}</b>{" "}
        <span aria-hidden="true">👏</span> {event.applause ? t("feed.applause") : event.claps}
        <span class="muted"> · {duration(event.latency_s)}{event.labels.slice(0, 3).map((sound) => ` · ${soundName(sound)} ${percent(sound.score)}`)}</span>
      </span>
      <span class="found-actions">
        {event.clip && <audio controls preload="none" src={new URL(clipAddress(event.id), document.baseURI).href} aria-label={t("history.listen")} />}
        <button type="button" class="quiet small" aria-pressed={event.mark === "clap"} onClick={() => mark("clap")}>{t("history.is_clap")}</button>
        <button type="button" class="quiet small" aria-pressed={event.mark === "not_clap"} onClick={() => mark("not_clap")}>{t("history.is_not_clap")}</button>
        <button type="button" class="quiet small" onClick={replay}>{t("history.replay")}</button>
        <output class="muted">{sent.value}</output>
      </span>
    </li>
  );
}
