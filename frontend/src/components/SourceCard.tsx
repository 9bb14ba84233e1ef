import { said, t, type Key } from "../i18n/index.ts";
import { drafts, edit } from "../saving.ts";
import { link, now, statuses, type KnownStatus } from "../store.ts";
import type { SourceSettings } from "../wire.ts";
import { DelayField } from "./DelayField.tsx";
import { DeviceChoice } from "./DeviceChoice.tsx";
import { EditSource } from "./EditSource.tsx";
import { LevelMeter } from "./LevelMeter.tsx";
import { PatternChoice } from "./PatternChoice.tsx";
import { ScoreStrip } from "./ScoreStrip.tsx";
import { Shape, type ShapeName } from "./Shape.tsx";
import { Switch } from "./Switch.tsx";
import { SaveState } from "./SaveState.tsx";
import { LostSound, SourceDetails } from "./SourceDetails.tsx";
import { SourceIcon } from "./SourceIcon.tsx";
import { ThresholdField } from "./ThresholdField.tsx";
import { WebhookField } from "./WebhookField.tsx";
import { kindName } from "./kinds.ts";
import { soundFormat } from "./soundFormat.ts";

/** One source: how it is, how loud, how its candidates score, and its settings. */
export function SourceCard({ source }: { source: SourceSettings }) {
  const path = `sources.${source.id}`;
  const status = statuses.value[source.id];
  const draft = drafts.value[`${path}.threshold`]?.value;
  const threshold = typeof draft === "number" ? draft : source.threshold;
  return (
    <div><article class="panel source" aria-label={source.name}>
      <header class="source-head">
        <SourceIcon kind={source.kind} />
        <div class="source-title">
          <h2 dir="auto" title={source.name}>{source.name}</h2>
          <p class="muted">{kindName(source.kind)}{status?.state === "live" && status.rate_hz > 0 && `, ${soundFormat(status.rate_hz, status.channels)}`}</p>
        </div>
        <SourceState status={status} enabled={source.enabled} />
        <Switch
          hidden
          checked={source.enabled}
          label={t("source.switch", { name: source.name })}
          onChange={(enabled) => edit(`${path}.enabled`, enabled, 0)}
        />
      </header>
      <SaveState path={`${path}.enabled`} id={`${source.id}-enabled-state`} />
      {source.enabled && status?.code && <p class="reason" role="status"><Shape is="triangle" /><span dir="auto">{said(status)}</span></p>}
      {source.enabled && <LostSound sourceId={source.id} />}
      <LevelMeter sourceId={source.id} live={status?.state === "live" && link.value === "connected"} />
      <ScoreStrip sourceId={source.id} threshold={threshold} />
      <div class="fields">
        <ThresholdField path={`${path}.threshold`} value={source.threshold} />
        {source.kind === "microphone" && <DeviceChoice path={`${path}.input.device`} value={String(source.input["device"] ?? "")} />}
        <DelayField path={`${path}.delay_s`} value={source.delay_s} />
        <PatternChoice source={source} />
        <WebhookField source={source} />
      </div>
      <SourceDetails sourceId={source.id} name={source.name} />
      <EditSource source={source} />
    </article></div>
  );
}

const shapes: Record<KnownStatus["state"] | "off", ShapeName> = {
  live: "disc", connecting: "half", retrying: "triangle", failed: "cross", idle: "square", ended: "square", off: "square",
};

function SourceState({ status, enabled }: { status: KnownStatus | undefined; enabled: boolean }) {
  const state = enabled ? (status?.state ?? "idle") : "off";
  return (
    <p class={`state state-${state}`} role="status">
      <Shape is={shapes[state]} />
      {state === "retrying" && status ? retrying(status) : t(`state.${state}` satisfies Key)}
    </p>
  );
}

function retrying(status: KnownStatus): string {
  const left = Math.ceil(status.next_in_s - (now.value - status.learnt));
  if (!status.attempt) return t("state.waiting"); // it listens all the time: there is nothing to try again
  return left > 0 ? t("state.retrying_in", { seconds: left }) : t("state.retrying");
}
