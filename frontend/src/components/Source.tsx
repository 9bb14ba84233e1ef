import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { ask } from "../api.ts";
import { clock, duration, iso } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";
import { linkTo } from "../route.ts";
import { edit } from "../saving.ts";
import { statuses, statusOf } from "../store.ts";
import type { SourceSettings } from "../types.ts";
import { useAnswer } from "../useAnswer.ts";
import { Switch } from "./Control.tsx";
import { Field, SaveState } from "./Field.tsx";
import { DayBars, Glow, LastClap } from "./Heard.tsx";
import { HOP_S, isOn, lost, Sound, ThresholdField } from "./Sound.tsx";
import { SourceIcon, SourceState } from "./SourceState.tsx";
import { WebhookField } from "./WebhookField.tsx";
import { kindName, soundFormat } from "./kinds.ts";

/** What stands above a source, wherever it is shown whole: what it is, how it is, and its switch. */
export function SourceHead({ source, heading }: { source: SourceSettings; heading?: ComponentChildren }) {
  const path = `sources.${source.id}`;
  const status = statusOf(source.id);
  return (
    <header class="source-head">
      <SourceIcon kind={source.kind} />
      <div class="source-title">
        {heading}
        <SourceState source={source} status={status} />
        <SaveState path={`${path}.enabled`} id={`${path}.enabled-state`} />
        <p class="muted clip">{kindName(source.kind)}{status?.state === "live" && status.rate_hz > 0 && `, ${soundFormat(status.rate_hz, status.channels)}`}{status?.node && `, ${t("nodes.heard_by", { node: status.node })}`}</p>
      </div>
      <Switch
        hidden id={`${path}.enabled`}
        checked={source.enabled}
        label={t("source.switch", { name: source.name })}
        onChange={(enabled) => edit(`${path}.enabled`, enabled, 0)}
      />
    </header>
  );
}

const AGAIN_MS = 2000;

/** What happened to a source since the service began; asked for only while it is open. */
export function SourceDetails({ sourceId, name }: { sourceId: string; name: string }) {
  const open = useSignal(false);
  return (
    <details class="details" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary aria-label={t("details.open_named", { name })}>{t("details.open")}</summary>
      {open.value && <Figures sourceId={sourceId} />}
    </details>
  );
}

function Figures({ sourceId }: { sourceId: string }) {
  const { answer, failure } = useAnswer(() => ask("GET /api/sources/{source_id}", { path: { source_id: sourceId } }), [sourceId], AGAIN_MS).value;
  const { counts, status: { last_heard: heardAt } = { last_heard: null } } = answer ?? {};
  return (
    <>
      {failure && <p class="muted" role="status">{failure}</p>}
      <dl>
        <dt>{t("details.last_heard")}</dt>
        <dd>{heardAt ? <time dateTime={iso(heardAt)}>{clock(heardAt)}</time> : t("details.never")}</dd>
        <dt>{t("details.retries")}</dt><dd>{counts?.retries ?? "…"}</dd>
        <dt>{t("details.missing")}</dt><dd>{duration((statuses.value[sourceId]?.missing_hops ?? 0) * HOP_S)}</dd>
        <dt>{t("details.lost")}</dt><dd>{duration(lost(sourceId))}</dd>
        <dt>{t("details.claps")}</dt><dd>{counts?.claps ?? "…"}</dd>
        {!!counts?.vetoed && <><dt>{t("details.vetoed")}</dt><dd>{counts.vetoed}</dd></>}
        <dt>{t("details.detections")}</dt><dd>{counts?.detections ?? "…"}</dd>
      </dl>
    </>
  );
}

/** One source in a house of one or two: how it is, how its candidates score, its last clap, and what is set most often. */
export function SourceCard({ source }: { source: SourceSettings }) {
  const enabled = isOn(source);
  return (
    <article class={`panel source ${enabled ? "" : "source-off"}`} aria-label={source.name}>
      <Glow sourceId={source.id} />
      <SourceHead source={source} heading={<h2 dir="auto" title={source.name}><a href={linkTo.source(source.id)}>{source.name}</a></h2>} />
      {enabled && <Sound source={source} />}
      {enabled && <ThresholdField path={`sources.${source.id}.threshold`} value={source.threshold} brief />}
      {enabled && (
        <div class="fields">
          <Field path={`sources.${source.id}.delay_s`} />
          <WebhookField source={source} />
        </div>
      )}
      <DayBars sourceId={source.id} />
      <p class="source-foot">
        <LastClap sourceId={source.id} long />
        <a class="quiet-link" href={linkTo.source(source.id)} aria-label={t("source.open_named", { name: source.name })}>{t("source.open")} →</a>
      </p>
    </article>
  );
}
