import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { askWhatIf } from "../../api.ts";
import { t } from "../../i18n/index.ts";
import { drafts } from "../../saving.ts";
import { detections } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import type { WhatIf as Figures } from "../../wire.ts";

const PAUSE_MS = 150;

/** What the settings as they are being changed would have made of the last 24 hours; says nothing where nothing was heard. */
export function WhatIf({ source }: { source: SourceSettings }) {
  const figures = useSignal<Figures | null>(null);
  const draft = (name: string) => drafts.value[`sources.${source.id}.${name}`]?.value;
  const asked = JSON.stringify({ threshold: draft("threshold"), delay_s: draft("delay_s"), patterns: draft("patterns") });
  const newest = detections.value.find((one) => one.sourceId === source.id)?.id;
  useEffect(() => {
    let isNewest = true;
    const timer = setTimeout(() => void askWhatIf(source.id, JSON.parse(asked) as object).then(
      (answer) => isNewest && (figures.value = answer),
      () => isNewest && (figures.value = null), // a value that is refused is said at its field
    ), PAUSE_MS);
    return () => {
      isNewest = false;
      clearTimeout(timer);
    };
  }, [source, asked, newest]);
  const { value } = figures;
  return (
    <p class="hint what-if" role="status">
      {value && value.kept > 0 && t(isSame(value) ? "what_if.same" : "what_if.other", {
        claps: value.then.claps, detections: value.then.detections, was: value.now.detections,
      })}
    </p>
  );
}

const isSame = ({ now, then }: Figures) => now.claps === then.claps && now.detections === then.detections;
