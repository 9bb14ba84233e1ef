import { countHistory } from "../../api.ts";
import { t } from "../../i18n/index.ts";
import { useAnswer } from "../../useAnswer.ts";
import { ticks } from "./Timeline.tsx";
import { chosen, question } from "./filter.ts";

const HOUR_S = 3600;
const TALL = 100; // of the drawing, in its own units
const LEAST_PX = 2;

/** How many were heard in each hour of the chosen time, a bar each. */
export function PerHour({ newest }: { newest: string }) {
  const asked = question(chosen.value);
  const until = Math.min(asked.before ?? Infinity, Date.now() / 1000 + HOUR_S);
  const { answer } = useAnswer(() => countHistory(asked, "hour"), [JSON.stringify(asked), newest]).value;
  const counts = answer?.counts ?? [];
  const since = asked.since ?? counts[0]?.start ?? until - HOUR_S;
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(4, ...counts.map(({ count }) => count));
  const wide = until - since;
  return (
    <figure class="per-hour">
      <figcaption>{t("history.per_hour", { count: total })}</figcaption>
      <div class="per-hour-plot">
        <span class="per-hour-most numbers" aria-hidden="true">{most}</span>
        <svg viewBox={`0 0 ${wide} ${TALL}`} preserveAspectRatio="none" role="img" aria-label={t("history.per_hour", { count: total })}>
          <path class="per-hour-line" d={`M0 0H${wide}M0 ${TALL / 2}H${wide}M0 ${TALL}H${wide}`} vector-effect="non-scaling-stroke" />
          <path class="day-claps" vector-effect="non-scaling-stroke" stroke-width={LEAST_PX} d={counts.map(({ start, count }) => `M${start - since} ${TALL}v${(-TALL * count) / most}h${HOUR_S * 0.9}V${TALL}z`).join("")} />
        </svg>
        <div class="timeline-axis"><div class="timeline-track">
          {ticks(since, until, wide).map(({ at, words }) => <span key={at} style={{ left: `${(100 * (at - since)) / wide}%` }}>{words}</span>)}
        </div></div>
      </div>
    </figure>
  );
}
