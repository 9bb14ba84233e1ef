import { useRef } from "preact/hooks";
import { day, score } from "../../i18n/format.ts";
import { type Key, t } from "../../i18n/index.ts";
import { chosen, sources } from "../../store.ts";
import { PERIODS, choose } from "./filter.ts";

const PAUSE_MS = 300;
const MARKS = ["", "clap", "not_clap", "none"] as const;

/** Which detections: source, period, score, what was named, what was said of them. */
export function Filters() {
  const { period, leastScore, mark, day: picked, sound } = chosen.value;
  const pause = useRef<ReturnType<typeof setTimeout>>(undefined);
  const type = (typed: string) => {
    clearTimeout(pause.current);
    pause.current = setTimeout(() => choose({ sound: typed }), PAUSE_MS);
  };
  return (
    <div class="filters">
      <SourceChoice />
      <label>
        <span>{t("history.period")}</span>
        <select
          value={picked === null ? period : "day"}
          onChange={(event) => choose({ day: null, period: event.currentTarget.value as typeof period })}
        >
          {picked !== null && <option value="day">{day(picked)}</option>}
          {PERIODS.map((one) => <option key={one} value={one}>{t(`history.period_${one}` satisfies Key)}</option>)}
        </select>
      </label>
      <label>
        <span>{t("history.sound")}</span>
        <input type="search" value={sound} maxLength={200} placeholder={t("history.sound_example")} onInput={(event) => type(event.currentTarget.value)} />
      </label>
      <label>
        <span>{t("history.mark")}</span>
        <select value={mark} onChange={(event) => choose({ mark: event.currentTarget.value as typeof mark })}>
          {MARKS.map((one) => <option key={one} value={one}>{t(`history.mark_${one || "any"}` satisfies Key)}</option>)}
        </select>
      </label>
      <label>
        <span>{t("history.least_score", { score: score(leastScore) })}</span>
        <input
          type="range" min="0" max="1" step="0.05" value={leastScore}
          onChange={(event) => choose({ leastScore: event.currentTarget.valueAsNumber })}
        />
      </label>
    </div>
  );
}

/** Of which source, be it gone, or of all. */
export function SourceChoice() {
  const { source } = chosen.value;
  const isGone = source !== "" && !sources.value.some(({ id }) => id === source);
  return (
    <label>
      <span>{t("history.source")}</span>
      <select value={source} onChange={(event) => choose({ source: event.currentTarget.value })}>
        <option value="">{t("history.every_source")}</option>
        {sources.value.map(({ id, name }) => <option key={id} value={id} dir="auto">{name}</option>)}
        {isGone && <option value={source}>{t("notify.source_gone", { id: source })}</option>}
      </select>
    </label>
  );
}
