import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { clock, decimal, score } from "../i18n/format.ts";
import { said, t } from "../i18n/index.ts";
import { useNewest } from "../useNewest.ts";
import { linkTo } from "../route.ts";
import { drafts, edit } from "../saving.ts";
import { link, sources, statuses } from "../store.ts";
import type { SourceSettings } from "../types.ts";
import { DelayField } from "./DelayField.tsx";
import { LevelMeter } from "./LevelMeter.tsx";
import { SaveState } from "./SaveState.tsx";
import { ScoreStrip } from "./ScoreStrip.tsx";
import { Shape } from "./Shape.tsx";
import { LostSound } from "./SourceDetails.tsx";
import { SourceIcon } from "./SourceIcon.tsx";
import { SourceState } from "./SourceState.tsx";
import { Switch } from "./Switch.tsx";
import { ThresholdField } from "./ThresholdField.tsx";
import { WebhookField } from "./WebhookField.tsx";
import { kindName } from "./kinds.ts";
import { soundFormat } from "./soundFormat.ts";

/** With so few sources their cards show at once what is set once. */
const FEW = 2;

/** One source at a glance: how it is, how loud, how its candidates score, its last clap, and what is tuned most often. */
export function SourceCard({ source }: { source: SourceSettings }) {
  const enabled = isOn(source);
  return (
    <div><article class={`panel source ${enabled ? "" : "source-off"}`} aria-label={source.name}>
      <SourceHead source={source} heading={<h2 dir="auto" title={source.name}><a href={linkTo.source(source.id)}>{source.name}</a></h2>} />
      {enabled && <Sound source={source} />}
      {enabled && <ThresholdField path={`sources.${source.id}.threshold`} value={source.threshold} brief />}
      {enabled && <Reaction source={source} />}
      <p class="source-foot">
        <LastClap sourceId={source.id} />
        <a class="quiet-link" href={linkTo.source(source.id)} aria-label={t("source.open_named", { name: source.name })}>{t("source.open")} →</a>
      </p>
    </article></div>
  );
}

/** What follows a clap: rarely changed, so it can be folded away; what is set is said all the same. */
function Reaction({ source }: { source: SourceSettings }) {
  const urls = source.webhooks.filter(({ enabled, url }) => enabled && url).map(({ url }) => url);
  const few = useSignal(sources.value.length <= FEW).value;
  return (
    <details class="reaction" open={few}>
      <summary>
        <span>{t("source.delay", { delay: decimal(source.delay_s, 1) })}</span>
        <span class="clip">{urls.length > 1 ? t("source.webhooks", { count: urls.length }) : urls[0] ? t("source.webhook", { url: place(urls[0]) }) : t("source.webhook_none")}</span>
      </summary>
      <div class="fields">
        <DelayField path={`sources.${source.id}.delay_s`} value={source.delay_s} />
        <WebhookField source={source} />
      </div>
    </details>
  );
}

/** The machine that an address leads to, and no more: what follows may be a secret. */
const place = (url: string) => url.replace(/^[a-z]+:\/\/([^/?#]*@)?/i, "").replace(/[/?#].*$/, "");

/** What stands above a source, wherever it is shown: what it is, how it is, its switch, and what is wrong. */
export function SourceHead({ source, heading }: { source: SourceSettings; heading?: ComponentChildren }) {
  const path = `sources.${source.id}`;
  const status = statuses.value[source.id];
  return (
    <>
      <header class="source-head">
        <SourceIcon kind={source.kind} />
        <div class="source-title">
          {heading}
          <SourceState status={status} enabled={source.enabled} />
          <p class="muted clip">{kindName(source.kind)}{status?.state === "live" && status.rate_hz > 0 && `, ${soundFormat(status.rate_hz, status.channels)}`}</p>
        </div>
        <Switch
          hidden id={`${path}.enabled`}
          checked={source.enabled}
          label={t("source.switch", { name: source.name })}
          onChange={(enabled) => edit(`${path}.enabled`, enabled, 0)}
        />
      </header>
      <SaveState path={`${path}.enabled`} id={`${path}.enabled-state`} />
      {source.enabled && status?.code && link.value !== "lost" && <p class="reason" role="status"><Shape is="triangle" /><span dir="auto">{said(status)}</span></p>}
      {source.enabled && <LostSound sourceId={source.id} />}
    </>
  );
}

/** How loud a source is, and how its candidates scored; of one that gives no sound, nothing: why not is said above. */
export function Sound({ source }: { source: SourceSettings }) {
  const status = statuses.value[source.id];
  if (status && status.state !== "live" && (status.code || status.attempt)) return null;
  const live = status?.state === "live" && link.value === "connected";
  return (
    <>
      <LevelMeter sourceId={source.id} live={live} />
      <ScoreStrip sourceId={source.id} threshold={thresholdOf(source)} />
    </>
  );
}

/** Whether a source is switched on, as it is being set just now. */
const isOn = ({ id, enabled }: SourceSettings) => Boolean(drafts.value[`sources.${id}.enabled`]?.value ?? enabled);

/** A source's threshold as it is being set just now. */
export function thresholdOf(source: SourceSettings): number {
  const draft = drafts.value[`sources.${source.id}.threshold`]?.value;
  return typeof draft === "number" ? draft : source.threshold;
}

function LastClap({ sourceId }: { sourceId: string }) {
  const newest = useNewest(sourceId, 1);
  if (!newest) return <span class="muted" />;
  const [last] = newest;
  if (!last) return <span class="muted">{t("house.last_none")}</span>;
  const { timestamp, score: value } = last;
  return <span class="muted">{t("source.last", { when: clock(timestamp), score: score(value) })}</span>;
}
