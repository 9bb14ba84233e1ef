import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, sendRecording } from "../../api.ts";
import { thresholdOf } from "../../components/Sound.tsx";
import { useDeed } from "../../deed.tsx";
import { decimal, score } from "../../i18n/format.ts";
import { t } from "../../i18n/index.ts";
import type { SourceSettings } from "../../types.ts";
import type { TriedRecording, WhatIf } from "../../wire.ts";

const PAUSE_MS = 200;
const SHOWN = 20;

/** What the settings would make of a recording that is picked: how many detections, and when. */
export function TryRecording({ source }: { source: SourceSettings }) {
  const recording = useSignal<TriedRecording | null>(null);
  const found = useSignal<WhatIf | null>(null);
  const { act, busy, fault } = useDeed();
  const threshold = thresholdOf(source);
  const pick = (file: File | undefined) => file && void act(() => sendRecording(source.id, file), (sent) => (recording.value = sent));
  useEffect(() => {
    const { id } = recording.value ?? {};
    if (!id) return undefined;
    const timer = setTimeout(() => void act(() => ask("POST /api/sources/{source_id}/what-if", { path: { source_id: source.id }, body: { threshold, recording: id } }), (answer) => (found.value = answer)), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [recording.value, threshold]);
  const { value: tried } = recording;
  return (
    <details class="more-options try-recording">
      <summary>{t("try.title")}</summary>
      <p class="hint">{t("try.intro")}</p>
      <input type="file" accept="audio/*,video/*" aria-label={t("try.file")} disabled={busy && !tried} onChange={({ currentTarget: { files } }) => pick(files?.[0])} />
      {fault}
      <div role="status">
        {tried && found.value && (
          <>
            <p>{t("try.result", { file: tried.file, seconds: decimal(tried.seconds, 0), count: found.value.then.detections, kept: found.value.kept })}</p>
            <p class="numbers muted">{found.value.detections.slice(0, SHOWN).map(({ at, score: value }) => `${decimal(at, 1)} s (${score(value)})`).join(", ")}</p>
          </>
        )}
      </div>
    </details>
  );
}
