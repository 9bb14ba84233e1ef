import { t } from "../i18n/index.ts";
import { linkTo } from "../route.ts";
import type { SourceSettings } from "../types.ts";
import { DayBars } from "./DayBars.tsx";
import { Field } from "./Field.tsx";
import { Glow } from "./Glow.tsx";
import { LastClap } from "./LastClap.tsx";
import { Sound, isOn } from "./Sound.tsx";
import { SourceHead } from "./SourceHead.tsx";
import { ThresholdField } from "./ThresholdField.tsx";
import { WebhookField } from "./WebhookField.tsx";

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
