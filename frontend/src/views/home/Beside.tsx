import { useLayoutEffect, useRef } from "preact/hooks";
import { Sound, isOn, thresholdOf } from "../../components/Sound.tsx";
import { LastClap } from "../../components/LastClap.tsx";
import { Shape } from "../../components/Shape.tsx";
import { SourceHead } from "../../components/SourceHead.tsx";
import { ThresholdField } from "../../components/ThresholdField.tsx";
import { t } from "../../i18n/index.ts";
import { go, linkTo } from "../../route.ts";
import { sources } from "../../store.ts";
import { LearningPanel } from "../learn/LearningPanel.tsx";
import { PatternPresets } from "../reactions/PatternPresets.tsx";

/** A source of the wall, close up beside it: what it hears, and what is tuned most often. */
export function Beside({ id }: { id: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const source = sources.value.find((one) => one.id === id);
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), [id]);
  const close = () => {
    go(linkTo.house);
    requestAnimationFrame(() => document.querySelector<HTMLElement>(`.tile a[href="${linkTo.at(id)}"]`)?.focus());
  };
  if (!source) return null;
  return (
    <aside class="panel beside" aria-labelledby="beside-title" onKeyDown={(event) => event.key === "Escape" && close()}>
      <SourceHead source={source} heading={<h2 id="beside-title" dir="auto" tabIndex={-1} ref={heading}>{source.name}</h2>} />
      <button type="button" class="quiet icon-only beside-close" aria-label={t("beside.close")} onClick={close}><Shape is="cross" /></button>
      {isOn(source) && <Sound source={source} />}
      {isOn(source) && <ThresholdField path={`sources.${id}.threshold`} value={thresholdOf(source)} brief />}
      <PatternPresets source={source} />
      <p class="beside-links">
        <a href={linkTo.source(id, "reactions")}>{t("source.tab.reactions")}</a>
        <a href={linkTo.source(id, "source")}>{t("source.tab.source")}</a>
        <LastClap sourceId={id} />
      </p>
      <LearningPanel sourceId={id} brief />
    </aside>
  );
}
