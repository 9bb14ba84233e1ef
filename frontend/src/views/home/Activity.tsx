import { useComputed, useSignal } from "@preact/signals";
import { Shape } from "../../components/Shape.tsx";
import { ShowMore } from "../../components/Buttons.tsx";
import { clock, duration, iso } from "../../i18n/format.ts";
import { said, t } from "../../i18n/index.ts";
import { nameOfReceiver } from "../../receivers.ts";
import { linkTo } from "../../route.ts";
import { type Detection, attempts, detections } from "../../store.ts";
import type { Attempt } from "../../wire.ts";

const SHOWN = 14;
const MOST = 60;

interface Happening {
  id: string;
  at: number;
  /** Null for the test of a webhook. */
  detection: Detection | null;
  /** How its deliveries stand, one attempt a receiver, the newest. */
  deliveries: Attempt[];
}

/** What happened, a line each, the newest first: "Salon · 2 claps → lampe ✓ 12 ms". */
export function Activity() {
  const all = useSignal(false);
  const found = useComputed(happenings);
  const shown = found.value.slice(0, all.value ? MOST : SHOWN);
  return (
    <section class="panel activity" aria-labelledby="activity-title">
      <header class="title-row"><h2 id="activity-title">{t("activity.title")}</h2><a href={linkTo.history}>{t("activity.history")}</a></header>
      {shown.length === 0 && <p class="muted empty">{t("feed.empty")}</p>}
      <ul>{shown.map((one) => <Line key={one.id} happening={one} />)}</ul>
      <ShowMore all={all} count={Math.min(MOST, found.value.length)} shown={SHOWN} />
    </section>
  );
}

function happenings(): Happening[] {
  const byEvent = new Map<string, Attempt[]>();
  for (const attempt of attempts.value) {
    const known = byEvent.get(attempt.event_id) ?? [];
    if (!known.some(({ target_id }) => target_id === attempt.target_id)) byEvent.set(attempt.event_id, [...known, attempt]);
  }
  const heard = detections.value.map((detection) => ({
    id: detection.id, at: detection.timestamp, detection, deliveries: byEvent.get(detection.id) ?? [],
  }));
  const tests = [...byEvent].filter(([id]) => id.startsWith("test:")).map(([id, deliveries]) => ({ id, at: deliveries.at(-1)!.at, detection: null, deliveries }));
  return [...heard, ...tests].sort((a, b) => b.at - a.at).slice(0, MOST);
}

const whatOf = ({ trigger, applause, claps }: Detection) => trigger || (applause ? t("feed.applause") : t("activity.claps", { count: claps }));

function Line({ happening: { at, detection, deliveries } }: { happening: Happening }) {
  return (
    <li class={detection ? "" : "activity-test"}>
      <time class="numbers muted" dateTime={iso(at)}>{clock(at)}</time>
      <span class="activity-what" dir="auto">
        {detection
          ? <><b>{detection.sourceName}</b> <span>· {whatOf(detection)}</span> {detection.also.length > 0 && <span class="muted">{t("feed.also", { sources: detection.also.join(", ") })}</span>}</>
          : <b>{t("deliveries.test")}</b>}
        {deliveries.map((one) => <Delivered key={one.target_id} attempt={one} />)}
      </span>
    </li>
  );
}

function Delivered({ attempt }: { attempt: Attempt }) {
  const shape = attempt.ok ? "check" : attempt.retry_in_s === null ? "cross" : "triangle";
  return (
    <>
      <span class={`outcome outcome-${shape === "triangle" ? "again" : shape}`} title={attempt.ok ? "" : said(attempt)}>
        → <span class="receiver clip">{nameOfReceiver(attempt)}</span> <Shape is={shape} />
        {attempt.ok && <span class="muted numbers">{duration(attempt.took_s)}</span>}
      </span>
      {!attempt.ok && <span class="why clip" dir="auto">{said(attempt)}</span>}
    </>
  );
}
