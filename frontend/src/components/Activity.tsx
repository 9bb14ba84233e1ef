// What happened, a line each: detections, and what became of their deliveries.
import { useSignal } from "@preact/signals";
import { clock, duration, iso, score } from "../i18n/format.ts";
import { said, t } from "../i18n/index.ts";
import { useSteady } from "../press.ts";
import { nameOfReceiver } from "../receivers.ts";
import { linkTo } from "../route.ts";
import { attempts, type Detection, serviceNow, sources } from "../store.ts";
import { useNewest } from "../useAnswer.ts";
import type { Attempt } from "../wire.ts";
import { ShowMore, Title } from "./Buttons.tsx";
import { SoundNames } from "./Heard.tsx";
import { Shape } from "./Shape.tsx";

const SHOWN = 14;
const MOST = 60;
const SOON_S = 15;

interface Happening {
  id: string;
  at: number;
  /** Null for the test of a webhook. */
  detection: Detection | null;
  /** How its deliveries stand, one attempt a receiver, the newest. */
  deliveries: Attempt[];
}

/** The newest first: "Salon · 2 claps → lampe ✓ 12 ms"; of one source without its name, but how sure and how soon that was. */
export function Activity({ sourceId = "" }: { sourceId?: string }) {
  const all = useSignal(false);
  const newest = useNewest(sourceId, MOST);
  const found = newest && happenings(newest, sourceId);
  const shown = useSteady(found ?? [], ({ id }) => id).slice(0, all.value ? MOST : SHOWN);
  return (
    <section class="panel activity" aria-labelledby="activity-title">
      <header class="title-row"><Title id="activity-title" of="activity.title" /><a href={linkTo.history}>{t("activity.history")}</a></header>
      {found?.length === 0 && <p class="muted empty">{t("feed.empty")}</p>}
      <ul>{shown.map((one) => <Line key={one.id} happening={one} isOfOne={sourceId !== ""} />)}</ul>
      <ShowMore all={all} count={Math.min(MOST, found?.length ?? 0)} shown={SHOWN} />
    </section>
  );
}

function happenings(detections: Detection[], sourceId: string): Happening[] {
  const byEvent = new Map<string, Attempt[]>();
  for (const attempt of attempts.value) {
    const known = byEvent.get(attempt.event_id) ?? [];
    if (!known.some(({ target_id }) => target_id === attempt.target_id)) byEvent.set(attempt.event_id, [...known, attempt]);
  }
  byEvent.forEach((deliveries) => deliveries.sort((a, b) => a.target_id.localeCompare(b.target_id))); // so that none moves when another is tried
  const heard = detections.map((detection) => ({ id: detection.id, at: detection.timestamp, detection, deliveries: byEvent.get(detection.id) ?? [] }));
  const tests = [...byEvent].filter(([id, [one]]) => id.startsWith("test:") && one!.target_id.startsWith(sourceId && `${sourceId}.`))
    .map(([id, deliveries]) => ({ id, at: deliveries[0]!.at, detection: null, deliveries }));
  return [...heard, ...tests].sort((a, b) => b.at - a.at).slice(0, MOST);
}

const whatOf = ({ trigger, applause, claps }: Detection) => trigger || (applause ? t("feed.applause") : t("activity.claps", { count: claps }));

/** Whether a detection of just now goes to a webhook: its outcome has its place before it comes. */
const isSent = (detection: Detection | null) => detection !== null && serviceNow() - detection.timestamp < SOON_S && sources.value.some(({ id, webhooks }) => id === detection.sourceId && webhooks.some(({ url, enabled }) => url && enabled));

function Line({ happening: { at, detection, deliveries }, isOfOne }: { happening: Happening; isOfOne: boolean }) {
  return (
    <li class={detection ? "" : "activity-test"}>
      <time class="numbers muted" dateTime={iso(at)}>{clock(at)}</time>
      <span class="activity-what" dir="auto">
        {!detection && <b>{t("deliveries.test")}</b>}
        {detection && (isOfOne
          ? <><span class="score-pill numbers">{score(detection.score)}</span> <b>{whatOf(detection)}</b> <span class="muted numbers" title={t("feed.latency")}>{duration(detection.latencyS)}</span> <SoundNames labels={detection.labels} /></>
          : <><b>{detection.sourceName}</b> <span>· {whatOf(detection)}</span></>)}
        {detection && detection.also.length > 0 && <span class="muted">{t("feed.also", { sources: detection.also.join(", ") })}</span>}
        {(deliveries.length > 0 || isSent(detection)) && <span class="deliveries">{deliveries.map((one) => <Delivered key={one.target_id} attempt={one} />)}</span>}
      </span>
    </li>
  );
}

function Delivered({ attempt }: { attempt: Attempt }) {
  const shape = attempt.ok ? "check" : attempt.retry_in_s === null ? "cross" : "triangle";
  const why = attempt.ok ? "" : said(attempt);
  return (
    <span class={`outcome outcome-${shape === "triangle" ? "again" : shape}`} title={why}>
      → <span class="receiver clip">{nameOfReceiver(attempt)}</span> <Shape is={shape} />
      {attempt.ok ? <span class="muted numbers">{duration(attempt.took_s)}</span> : <span class="why clip" dir="auto">{why}</span>}
    </span>
  );
}
