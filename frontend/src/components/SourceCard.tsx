import { said, t, type Key } from "../i18n/index.ts";
import { decimal } from "../i18n/format.ts";
import { drafts, edit } from "../saving.ts";
import { link, now, statuses, type KnownStatus } from "../store.ts";
import type { SourceSettings } from "../wire.ts";
import { DelayField } from "./DelayField.tsx";
import { DeviceChoice } from "./DeviceChoice.tsx";
import { LevelMeter } from "./LevelMeter.tsx";
import { ScoreStrip } from "./ScoreStrip.tsx";
import { Shape, type ShapeName } from "./Shape.tsx";
import { Switch } from "./Switch.tsx";
import { SaveState } from "./SaveState.tsx";
import { ThresholdField } from "./ThresholdField.tsx";
import { WebhookField } from "./WebhookField.tsx";

/** One source: how it is, how loud, how its candidates score, and its settings. */
export function SourceCard({ source }: { source: SourceSettings }) {
  const path = `sources.${source.id}`;
  const status = statuses.value[source.id];
  const draft = drafts.value[`${path}.threshold`]?.value;
  const threshold = typeof draft === "number" ? draft : source.threshold;
  return (
    <div><article class="panel source" aria-label={source.name}>
      <header class="source-head">
        <SourceIcon />
        <div class="source-title">
          <h2 dir="auto" title={source.name}>{source.name}</h2>
          <SourceFormat status={status} />
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
      <LevelMeter sourceId={source.id} live={status?.state === "live" && link.value === "connected"} />
      <ScoreStrip sourceId={source.id} threshold={threshold} />
      <div class="fields">
        <ThresholdField path={`${path}.threshold`} value={source.threshold} />
        {source.kind === "microphone" && <DeviceChoice path={`${path}.input.device`} value={String(source.input["device"] ?? "")} />}
        <DelayField path={`${path}.delay_s`} value={source.delay_s} />
        <WebhookField source={source} />
      </div>
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

function SourceFormat({ status }: { status: KnownStatus | undefined }) {
  if (status?.state !== "live" || !status.rate_hz) return null;
  const channels =
    status.channels === 1 ? t("source.mono")
    : status.channels === 2 ? t("source.stereo")
    : t("source.channels", { count: status.channels });
  const kilohertz = status.rate_hz / 1000;
  return <p class="muted">{t("source.format", { rate: decimal(kilohertz, kilohertz % 1 ? 1 : 0), channels })}</p>;
}

function SourceIcon() {
  return (
    <svg class="source-icon" viewBox="0 0 24 24" aria-hidden="true">
      <rect x="9" y="3" width="6" height="11" rx="3" />
      <path d="M5 11a7 7 0 0 0 14 0M12 18v3M9 21h6" />
    </svg>
  );
}
