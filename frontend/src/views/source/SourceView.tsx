import { DelayField } from "../../components/DelayField.tsx";
import { Detections } from "../../components/Detections.tsx";
import { DeviceChoice } from "../../components/DeviceChoice.tsx";
import { Sound, SourceHead, thresholdOf } from "../../components/SourceCard.tsx";
import { SourceDetails } from "../../components/SourceDetails.tsx";
import { ThresholdField } from "../../components/ThresholdField.tsx";
import { t } from "../../i18n/index.ts";
import { linkTo } from "../../route.ts";
import { opened, sources } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import { LearningPanel } from "../learn/LearningPanel.tsx";
import { WhatIf } from "../learn/WhatIf.tsx";
import { View } from "../View.tsx";
import { Clips } from "./Clips.tsx";
import { EditSource } from "./EditSource.tsx";
import { Hearing } from "./Hearing.tsx";
import { Patterns } from "./Patterns.tsx";
import { Webhooks } from "./Webhooks.tsx";

/** One source, close up: what it hears and why that was or was not a clap, and all that can be set. */
export function SourceView({ id }: { id: string }) {
  const source = sources.value.find((one) => one.id === id);
  if (!opened.value) return null;
  if (!source) {
    return (
      <View title={t("view.source_gone")}>
        <p class="muted">{t("view.source_gone_detail")}</p>
        <p><a href={linkTo.house}>{t("view.back")}</a></p>
      </View>
    );
  }
  return (
    <View title={source.name}>
      <div class="source-view">
        <div class="column">
          <section class="panel source" aria-label={t("source.now")}>
            <SourceHead source={source} />
            <Sound source={source} />
          </section>
          <Hearing sourceId={source.id} threshold={thresholdOf(source)} />
          <LearningPanel sourceId={source.id} />
          <Detections sourceId={source.id} />
        </div>
        <div class="column">
          <Tuning source={source} />
          <Webhooks source={source} />
          <Clips source={source} />
          <section class="panel" aria-labelledby="edit-title">
            <h2 id="edit-title">{t("source.itself")}</h2>
            <SourceDetails sourceId={source.id} name={source.name} />
            <EditSource source={source} />
          </section>
        </div>
      </div>
    </View>
  );
}

function Tuning({ source }: { source: SourceSettings }) {
  const path = `sources.${source.id}`;
  return (
    <section class="panel tuning" aria-labelledby="tuning-title">
      <h2 id="tuning-title">{t("source.tuning")}</h2>
      <div class="fields">
        <ThresholdField path={`${path}.threshold`} value={source.threshold} />
        {source.kind === "microphone" && <DeviceChoice path={`${path}.input.device`} value={String(source.input["device"] ?? "")} />}
        <DelayField path={`${path}.delay_s`} value={source.delay_s} />
        <Patterns source={source} />
      </div>
      <WhatIf source={source} />
    </section>
  );
}
