import { useSignal } from "@preact/signals";
import { clock, duration, iso, score } from "../i18n/format.ts";
import { said, t } from "../i18n/index.ts";
import { useSteady } from "../press.ts";
import { deliveryOf, type Detection, detections, now, settings, sources } from "../store.ts";
import { useNewest } from "../useAnswer.ts";
import type { NotifySettings } from "../wire.ts";
import { Shape } from "./Shape.tsx";
import { ShowMore } from "./Buttons.tsx";
import { SoundNames } from "./Heard.tsx";

const SHOWN = 8;

/** The feed: what was detected, by one source or by all, newest first, and how its deliveries went. */
export function Detections({ sourceId }: { sourceId?: string }) {
  const all = useSignal(false);
  const newest = useNewest(sourceId ?? "", SHOWN);
  const mine = sourceId ? newest : detections.value;
  const shown = useSteady(all.value ? (mine ?? []) : (mine ?? []).slice(0, SHOWN), ({ id }) => id);
  return (
    <section class="panel feed-panel" aria-labelledby="feed-title">
      <h2 id="feed-title">{t("feed.title")}</h2>
      {mine?.length === 0 && <p class="muted empty">{t("feed.empty")}</p>}
      {shown.length > 0 && (
        <table class={`feed ${sources.value.length > 1 && !sourceId ? "" : "feed-one-source"}`}>
          <thead>
            <tr>
              <th scope="col">{t("feed.time")}</th>
              <th scope="col" class="col-source">{t("feed.source")}</th>
              <th scope="col">{t("feed.score")}</th>
              <th scope="col" class="col-claps">{t("feed.claps")}</th>
              <th scope="col" class="col-sounds">{t("feed.sounds")}</th>
              <th scope="col" class="col-latency">{t("feed.latency")}</th>
              <th scope="col">{t("feed.delivery")}</th>
            </tr>
          </thead>
          <tbody>{shown.map((detection) => <Row key={detection.id} detection={detection} />)}</tbody>
        </table>
      )}
      <ShowMore all={all} count={mine?.length ?? 0} shown={SHOWN} />
    </section>
  );
}

function Row({ detection }: { detection: Detection }) {
  return (
    <tr>
      <td class="numbers"><time dateTime={iso(detection.timestamp)}>{clock(detection.timestamp)}</time></td>
      <td class="col-source clip" dir="auto" title={detection.sourceName}>{detection.sourceName}</td>
      <td class="numbers"><span class="score-pill">{score(detection.score)}</span></td>
      <td class="col-claps numbers"><span aria-hidden="true">👏</span> {detection.trigger || (detection.applause ? t("feed.applause") : detection.claps)}</td>
      <td class="col-sounds" dir="auto"><SoundNames labels={detection.labels} /></td>
      <td class="col-latency numbers">{duration(detection.latencyS)}</td>
      <td><DeliveryOutcome detection={detection} /></td>
    </tr>
  );
}

const SURELY_TRIED_S = 60;

/** How the telling of one detection stands. */
function DeliveryOutcome({ detection }: { detection: Detection }) {
  const attempt = deliveryOf.value.get(detection.id);
  if (!attempt) {
    if (!detections.value.some(({ id }) => id === detection.id)) return <span class="muted">–</span>; // the history knows
    return isAwaited(detection)
      ? <span class="outcome"><Shape is="half" />{t("delivery.pending")}</span>
      : <span class="muted">{t("delivery.none")}</span>;
  }
  if (attempt.ok) return <span class="outcome outcome-check"><Shape is="check" />{t("delivery.sent")}</span>;
  const again = attempt.retry_in_s !== null;
  return (
    <span class={`outcome ${again ? "outcome-again" : "outcome-cross"}`} title={said(attempt)}>
      <Shape is={again ? "triangle" : "cross"} />
      {again ? t("delivery.retrying", { number: attempt.number + 1 }) : t("delivery.failed")}
      <span class="outcome-reason" dir="auto">{said(attempt)}</span>
    </span>
  );
}

function isAwaited(detection: Detection): boolean {
  const webhooks = sources.value.find((source) => source.id === detection.sourceId)?.webhooks ?? [];
  const isTold = ({ sources: wanted }: NotifySettings) => wanted.length === 0 || wanted.includes(detection.sourceId);
  const services = settings.value?.notify.filter(isTold) ?? [];
  return [...webhooks, ...services].some(({ enabled, url }) => enabled && url) && now.value - detection.timestamp < SURELY_TRIED_S;
}
