import { useSignal } from "@preact/signals";
import { ask } from "../../api.ts";
import { day, decimal, duration, percent } from "../../i18n/format.ts";
import { type Key, t } from "../../i18n/index.ts";
import { linkTo } from "../../route.ts";
import { forgotten, sources } from "../../store.ts";
import { useAnswer } from "../../useAnswer.ts";
import type { Week, WeekOfSource } from "../../wire.ts";

const LOOK_MS = 60_000;
const NOON_S = 43_200;

const count = (value: number) => decimal(value, 0);
/** The columns in their order, each with how its figure is written. */
const COLUMNS: Record<keyof WeekOfSource, (value: number) => string> = {
  detections: count, claps: count, not_claps: count, live: percent, outages: count, latency_p50_s: duration, latency_p95_s: duration, delivered: count, late: count, refused: count, unclear: count,
};
const NAMES = Object.keys(COLUMNS) as (keyof WeekOfSource)[];

/** A week goes from Monday to Sunday in UTC: by noon it is the same day nearly everywhere. */
const inWords = ({ start, end }: Week) => t("reports.span", { first: day(start + NOON_S), last: day(end - NOON_S) });

/** What each source did in a week, the newest week first. */
export function Weeks() {
  const chosen = useSignal(0);
  const { answer, failure } = useAnswer(() => ask("GET /api/reports"), [forgotten.value], LOOK_MS).value;
  const week = answer?.weeks.find(({ start }) => start === chosen.value) ?? answer?.weeks[0];
  return (
    <>
      <h2>{t("reports.title")}</h2>
      {failure && <p class="save-state save-refused" role="alert">{failure}</p>}
      {week && (
        <>
          <p class="downloads">
            <select aria-label={t("reports.week")} value={week.start} onChange={(event) => (chosen.value = Number(event.currentTarget.value))}>
              {answer?.weeks.map((one) => <option key={one.start} value={one.start}>{inWords(one)}</option>)}
            </select>
            <a class="button" href="api/reports" download="claptrap-reports.json">{t("history.download", { format: "JSON" })}</a>
          </p>
          <div class="weeks" role="group" aria-label={t("reports.title")} tabIndex={0}>
            <table>
              <caption><span class="unseen">{inWords(week)}</span></caption>
              <thead><tr><th scope="col">{t("feed.source")}</th>{NAMES.map((name) => <th key={name} scope="col">{t(`reports.${name}` satisfies Key)}</th>)}</tr></thead>
              <tbody>
                {sources.value.map(({ id, name: called }) => (
                  <tr key={id}>
                    <th scope="row"><a class="clip" href={linkTo.source(id)} title={called} dir="auto">{called}</a></th>
                    {NAMES.map((name) => <td key={name} class="numbers">{figure(name, week.sources[id]?.[name])}</td>)}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </>
  );
}

const figure = (name: keyof WeekOfSource, value: number | null | undefined) => (value == null ? "–" : COLUMNS[name](value));
