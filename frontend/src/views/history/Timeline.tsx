import { countHistory } from "../../api.ts";
import { clock, locale, score } from "../../i18n/format.ts";
import { t } from "../../i18n/index.ts";
import { chosen } from "../../store.ts";
import { useAnswer } from "../../useAnswer.ts";
import type { Detection } from "../../wire.ts";
import { midnight, question } from "./filter.ts";

const HOUR_S = 3600;
const DAY_S = 86_400;
const STEPS_S = [60, 300, 900, HOUR_S, 3 * HOUR_S, 6 * HOUR_S, DAY_S, 2 * DAY_S, 7 * DAY_S, 30 * DAY_S, 91 * DAY_S];
const MOST_TICKS = 6;
const LEAST_SPAN_S = 600;

/** Each listed detection as a dot on the line of its source, where it was in time; a press goes to its row. */
export function Timeline({ events }: { events: Detection[] }) {
  const last = events[0]!.timestamp;
  const span = Math.max(LEAST_SPAN_S, last - events.at(-1)!.timestamp) * 1.03;
  const first = last - span;
  const place = (at: number) => `calc((100% - 0.7rem) * ${((at - first) / span).toFixed(4)})`;
  const lines = new Map<string, Detection[]>();
  events.forEach((event) => lines.set(event.source_id, [...(lines.get(event.source_id) ?? []), event]));
  return (
    <div class="timeline" role="img" aria-label={t("history.timeline", { count: events.length })}>
      {[...lines].map(([source, heard]) => (
        <div key={source} class="timeline-line">
          <span class="clip" dir="auto" title={heard[0]!.source_name}>{heard[0]!.source_name}</span>
          <div class="timeline-track">
            {heard.map((event) => (
              <i
                key={event.id} class={event.mark === "not_clap" ? "dot dot-not" : "dot"} style={{ left: place(event.timestamp) }}
                title={`${clock(event.timestamp)} · ${score(event.score)}`} onClick={() => goTo(event.id)}
              />
            ))}
          </div>
        </div>
      ))}
      <div class="timeline-line timeline-axis">
        <span />
        <div class="timeline-track">
          {ticks(first, last, span).map(({ at, words }) => <span key={at} style={{ left: place(at) }}>{words}</span>)}
        </div>
      </div>
    </div>
  );
}

function goTo(id: string): void {
  const row = document.getElementById(`detection-${id}`);
  row?.scrollIntoView({ block: "center" });
  row?.querySelector<HTMLElement>("summary")?.focus({ preventScroll: true });
}

/** Round times between two moments, a few. */
function ticks(first: number, last: number, span: number): { at: number; words: string }[] {
  const step = STEPS_S.find((one) => span / one <= MOST_TICKS) ?? 365 * DAY_S;
  const found = [];
  for (let at = midnight(0, first); at <= last; at += step) if (at >= first + span * 0.02) found.push({ at, words: tick(at, step) });
  return found;
}

/** A time on an axis: the hour where there are hours between two, else the day. */
function tick(moment: number, step: number): string {
  const when = new Date(moment * 1000);
  return step < DAY_S && when.getHours() + when.getMinutes() !== 0
    ? when.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" })
    : when.toLocaleDateString(locale(), { day: "numeric", month: "short" });
}

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
