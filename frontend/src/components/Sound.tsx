import { duration, score } from "../i18n/format.ts";
import { said, t } from "../i18n/index.ts";
import { linkTo } from "../route.ts";
import { edit, settle } from "../saving.ts";
import { drafts, isBroken, statuses, statusOf } from "../store.ts";
import type { SourceSettings } from "../types.ts";
import { SaveState } from "./Field.tsx";
import { LevelMeter } from "./LevelMeter.tsx";
import { Help } from "./Buttons.tsx";
import { ScoreStrip } from "./ScoreStrip.tsx";
import { Shape } from "./Shape.tsx";

/** How loud a source is, and how its candidates scored; where it gives no sound, why, in the same place: nothing moves. */
export function Sound({ source }: { source: SourceSettings }) {
  const status = statuses.value[source.id];
  const isMute = status && status.state !== "live" && (status.code !== "" || status.attempt > 0);
  return (
    <div class={`sound ${isMute ? "sound-mute" : ""}`}>
      {!isMute && <LevelMeter sourceId={source.id} live={isHeard(source.id)} />}
      {!isMute && <ScoreStrip sourceId={source.id} threshold={thresholdOf(source)} />}
      <Reasons source={source} />
      {isMute && isBroken(source) && <p class="form-actions"><a class="button" href={linkTo.source(source.id, "source")} aria-label={t("tile.mend_named", { name: source.name })}>{t("tile.mend")}</a></p>}
    </div>
  );
}

export const HOP_S = 0.02;

/** How much sound of a source was lost because the machine is too slow, in seconds. */
export const lost = (sourceId: string) => (statuses.value[sourceId]?.dropped_hops ?? 0) * HOP_S;

/** What is wrong with a source that is wanted: what a person must do something about. */
export function Reasons({ source: { id, enabled } }: { source: SourceSettings }) {
  const status = enabled ? statusOf(id) : undefined;
  const reasons = [status?.code && said(status), status && lost(id) && t("details.overloaded", { lost: duration(lost(id)) })].filter(Boolean);
  return <div class="reasons" role="status">{reasons.map((words) => <p key={words} class="reason"><Shape is="triangle" /><span dir="auto">{words}</span></p>)}</div>;
}

export const isHeard = (sourceId: string) => statusOf(sourceId)?.state === "live";

/** Whether a source is switched on, as it is being set just now. */
export const isOn = ({ id, enabled }: SourceSettings) => Boolean(drafts.value[`sources.${id}.enabled`]?.value ?? enabled);

/** A source's threshold as it is being set just now. */
export function thresholdOf(source: SourceSettings): number {
  const draft = drafts.value[`sources.${source.id}.threshold`]?.value;
  return typeof draft === "number" ? draft : source.threshold;
}

const PAUSE_MS = 250;

interface Props {
  path: string;
  value: number;
  /** In one row, without saying what it does. */
  brief?: boolean;
}

/** The least score of a clap. */
export function ThresholdField({ path, value, brief = false }: Props) {
  const shown = Number(drafts.value[path]?.value ?? value);
  return (
    <div class={`field field-threshold ${brief ? "field-brief" : ""}`}>
      <div class="field-head">
        <span class="label-row"><label for={path}>{t("field.threshold")}</label><Help about="field.threshold" /></span>
        <output for={path} class="field-value">{score(shown)}</output>
      </div>
      <input
        type="range" id={path} min="0" max="1" step="0.01" value={shown}
        aria-describedby={`${path}-hint ${path}-state`} aria-valuetext={score(shown)}
        onInput={(event) => edit(path, event.currentTarget.valueAsNumber, PAUSE_MS)}
        onBlur={() => settle(path)}
      />
      <p class={brief ? "unseen" : "hint"} id={`${path}-hint`}>{t("field.threshold_hint")}</p>
      <SaveState path={path} id={`${path}-state`} />
    </div>
  );
}
