import { Sound, ThresholdField, thresholdOf } from "../../components/Sound.tsx";
import { Detections } from "../../components/Detections.tsx";
import { Proof } from "../../components/Proof.tsx";
import { SourceHead } from "../../components/Source.tsx";
import { type Key, t } from "../../i18n/index.ts";
import { linkTo } from "../../route.ts";
import { opened, sources } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import { LearningPanel } from "../learn/LearningPanel.tsx";
import { TryRecording, WhatIf } from "../learn/WhatIf.tsx";
import { View } from "../View.tsx";
import { Hearing } from "./Hearing.tsx";
import { Itself } from "./Itself.tsx";
import { Reactions } from "../reactions/Reactions.tsx";

const TABS = ["live", "reactions", "source"] as const;
type Tab = (typeof TABS)[number];

/** One source, close up: what it hears and why that was or was not a clap, what follows a clap, and the source itself. */
export function SourceView({ id, tab }: { id: string; tab: string }) {
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
  const shown = TABS.find((one) => one === tab) ?? "live";
  return (
    <View title={source.name}>
      <Ways id={id} tab={shown} />
      {shown === "live" && <Live source={source} />}
      {shown === "reactions" && <Reactions source={source} />}
      {shown === "source" && <Itself source={source} />}
    </View>
  );
}

/** Back to the house, to the source before and after this one, and to the parts of this one. */
function Ways({ id, tab }: { id: string; tab: Tab }) {
  const all = sources.value;
  const here = all.findIndex((one) => one.id === id);
  const [before, after] = [all[(here + all.length - 1) % all.length]!, all[(here + 1) % all.length]!];
  return (
    <div class="ways">
      <a class="way" href={linkTo.house}><span aria-hidden="true">←</span> {t("view.house")}</a>
      <nav aria-label={t("source.tabs")}>
        {TABS.map((one) => (
          <a key={one} href={linkTo.source(id, one)} aria-current={one === tab ? "page" : undefined}>{t(`source.tab.${one}` satisfies Key)}</a>
        ))}
      </nav>
      {all.length > 1 && (
        <span class="ways-others">
          <a class="way" href={linkTo.source(before.id, tab)} title={before.name} aria-label={t("source.before", { name: before.name })}>‹</a>
          <a class="way" href={linkTo.source(after.id, tab)} title={after.name} aria-label={t("source.after", { name: after.name })}>›</a>
        </span>
      )}
    </div>
  );
}

function Live({ source }: { source: SourceSettings }) {
  const threshold = thresholdOf(source);
  return (
    <div class="source-view">
      <div class="column">
        <section class="panel source" aria-label={t("source.now")}>
          <SourceHead source={source} />
          <Sound source={source} />
          <ThresholdField path={`sources.${source.id}.threshold`} value={source.threshold} />
          <WhatIf source={source} />
          <TryRecording source={source} />
          <Proof sourceId={source.id} />
        </section>
        <LearningPanel sourceId={source.id} />
      </div>
      <div class="column">
        <Hearing sourceId={source.id} threshold={threshold} />
        <Detections sourceId={source.id} />
      </div>
    </div>
  );
}
