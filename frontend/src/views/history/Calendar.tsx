import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { countHistory } from "../../api.ts";
import { day, month } from "../../i18n/format.ts";
import { language, t } from "../../i18n/index.ts";
import { chosen } from "../../store.ts";
import { useAnswer } from "../../useAnswer.ts";
import { anyTime, choose, midnight } from "./filter.ts";

const WEEKS = 40;
const LEVELS = 4;

/** How many days an arrow goes: weeks are columns. */
const STEPS: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -7, ArrowRight: 7 };

const isFirst = (day: number) => new Date(day * 1000).getDate() === 1;

/** A square for each day of the last nine months, fuller the more was heard; a press shows that day. Arrows go from day to day. */
export function Calendar({ newest }: { newest: string }) {
  const strip = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => void (strip.current!.scrollLeft = strip.current!.scrollWidth), []); // today, where all does not fit
  const wish = chosen.value;
  const reached = useSignal<number | null>(null);
  const asked = anyTime(wish);
  const today = midnight(0);
  const weekday = (new Date(today * 1000).getDay() + 6) % 7; // Monday is 0
  const length = 7 * (WEEKS - 1) + weekday + 1; // whole weeks, and this one as far as it has come
  const days = Array.from({ length }, (_, index) => midnight(length - 1 - index));
  const { answer, failure } = useAnswer(
    () => countHistory({ ...asked, since: days[0]! }, "day"),
    [JSON.stringify(asked), newest, today],
  ).value;
  const counts = new Map(answer?.counts.map(({ start, count }) => [start, count]));
  const most = Math.max(1, ...counts.values());
  const stop = days.find((start) => start === (reached.value ?? wish.day)) ?? today;
  const walk = (event: KeyboardEvent) => {
    const to = days[days.indexOf(stop) + (STEPS[event.key] ?? NaN)];
    if (to === undefined) return;
    event.preventDefault();
    reached.value = to;
    strip.current!.querySelectorAll<HTMLElement>("button")[days.indexOf(to)]!.focus();
  };
  return (
    <div key={language.value}>
      <h2>{t("history.calendar")}</h2>
      {failure && <p class="save-state save-refused" role="alert">{failure}</p>}
      <div class="calendar-scroll" ref={strip}>
      <div class="calendar-months" aria-hidden="true">
        {days.map((start, index) => isFirst(start) && index < length - 7 && (
          <span key={start} style={{ gridColumn: `${Math.floor(index / 7) + 1} / span 3` }}>{month(start)}</span>
        ))}
      </div>
      <div class="calendar" role="group" aria-label={t("history.calendar")} aria-description={t("history.calendar_keys")} onKeyDown={walk}>
        {days.map((start) => {
          const count = counts.get(start) ?? 0;
          const words = t("history.day_count", { day: day(start), count });
          return (
            <button
              key={start}
              type="button"
              class="calendar-day"
              tabIndex={start === stop ? 0 : -1}
              onFocus={() => (reached.value = start)}
              data-level={count && Math.ceil((LEVELS * count) / most)}
              aria-label={words}
              title={words}
              aria-pressed={wish.day === start}
              onClick={() => choose({ day: wish.day === start ? null : start })}
            />
          );
        })}
      </div>
      </div>
    </div>
  );
}
