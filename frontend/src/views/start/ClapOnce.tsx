import { useSignal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { thresholdOf } from "../../components/Sound.tsx";
import { LevelMeter } from "../../components/LevelMeter.tsx";
import { Coming, HowToNameSounds } from "../../components/NamingModel.tsx";
import { Outcome } from "../../components/Shape.tsx";
import { ThresholdField } from "../../components/ThresholdField.tsx";
import { percent, score } from "../../i18n/format.ts";
import { said, soundName, t } from "../../i18n/index.ts";
import { labelsOn, link, model, statuses, verdicts } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import type { Verdict } from "../../wire.ts";

/** Clap: what was heard, how it scored, and why it was or was not a clap. */
export function ClapOnce({ source }: { source: SourceSettings | undefined }) {
  const heard = useSignal<Verdict | null>(null);
  const claps = useSignal(0);
  const id = source?.id ?? "";
  useLayoutEffect(() => verdicts.listen(id, (news) => {
    if (news.accepted) claps.value += 1;
    // a clap stays to be seen; what follows it, its own echo first, does not push it away
    if (news.accepted || !heard.value?.accepted || news.timestamp - heard.value.timestamp > 3) heard.value = news;
  }), [id]);
  if (!source) return <p>{t("start.no_source")}</p>;
  const status = statuses.value[id];
  const live = status?.state === "live" && link.value === "connected";
  return (
    <>
      <LevelMeter sourceId={id} live={live} />
      <div class={`clap-result ${heard.value?.accepted ? "clap-result-yes" : ""}`} role="status">
        <span class="face" aria-hidden="true" key={claps.value}>{heard.value?.accepted ? "👏" : "👂"}</span>
        {heard.value ? <Heard heard={heard.value} /> : <p class="muted" dir="auto">{live ? t("start.clap_now") : status?.code ? said(status) : t("start.deaf")}</p>}
      </div>
      <ThresholdField path={`sources.${id}.threshold`} value={thresholdOf(source)} />
      {!labelsOn.value && <div class="step-note">{model.value ? <Coming progress={model.value} /> : <HowToNameSounds />}</div>}
    </>
  );
}

function Heard({ heard }: { heard: Verdict }) {
  return (
    <div>
      <p class="clap-score"><output>{score(heard.score)}</output> <span class="muted">{t("start.of_threshold", { threshold: score(heard.threshold) })}</span></p>
      <p><Outcome shape={heard.accepted ? "check" : "ring"} words={said(heard)} /></p>
      {heard.labels.length > 0 && <p class="muted">{heard.labels.slice(0, 3).map((sound) => `${soundName(sound)} ${percent(sound.score)}`).join(", ")}</p>}
    </div>
  );
}
