import { said, t } from "../i18n/index.ts";
import { deliveryOf, detections, now, settings, sources, type Detection } from "../store.ts";
import type { NotifySettings } from "../wire.ts";
import { Shape } from "./Shape.tsx";

const SURELY_TRIED_S = 60;

/** How the telling of one detection stands. */
export function DeliveryOutcome({ detection }: { detection: Detection }) {
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
