import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ask, sendRecording } from "../../api.ts";
import { thresholdOf } from "../../components/Sound.tsx";
import { useDeed } from "../../deed.tsx";
import { decimal, score } from "../../i18n/format.ts";
import { t } from "../../i18n/index.ts";
import { detections, drafts } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import type { TriedRecording, WhatIf } from "../../wire.ts";

const PAUSE_MS = 150;
const TUNED = ["threshold", "delay_s", "patterns"] as const;

interface Figures {
  kept: number;
  claps: number;
  detections: number;
  /** With the settings as they were when this view was opened. */
  was: number;
}

/**
 * What the settings as they are being changed would have made of the last 24 hours, beside what those would have made that
 * were in force when the view was opened: what is typed is saved within a moment. Says nothing where nothing was heard.
 */
export function WhatIf({ source }: { source: SourceSettings }) {
  const figures = useSignal<Figures | null>(null);
  const tuning = (draftOf: (name: string) => unknown) => JSON.stringify(Object.fromEntries(TUNED.map((name) => [name, draftOf(name) ?? source[name] ?? undefined])));
  const asked = tuning((name) => drafts.value[`sources.${source.id}.${name}`]?.value);
  const opened = useRef(tuning(() => undefined));
  const newest = detections.value.find((one) => one.sourceId === source.id)?.id;
  useEffect(() => {
    let isNewest = true;
    const question = (tuned: string) => ask("POST /api/sources/{source_id}/what-if", { path: { source_id: source.id }, body: JSON.parse(tuned) as object });
    const look = async () => {
      const now = await question(asked);
      const before = asked === opened.current ? now : await question(opened.current);
      if (isNewest) figures.value = { ...now.then, kept: now.kept, was: before.then.detections };
    };
    const timer = setTimeout(() => void look().catch(() => isNewest && (figures.value = null)), PAUSE_MS); // what is refused is said at its field
    return () => {
      isNewest = false;
      clearTimeout(timer);
    };
  }, [source.id, asked, newest]);
  const { value } = figures;
  return (
    <p class="hint what-if" role="status">
      {value && value.kept > 0 && t(value.detections === value.was ? "what_if.same" : "what_if.other", { ...value })}
    </p>
  );
}

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
