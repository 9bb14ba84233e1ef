import { useSignal } from "@preact/signals";
import { Field } from "../../components/Field.tsx";
import { useDeed } from "../../deed.tsx";
import { t } from "../../i18n/index.ts";
import { edit } from "../../saving.ts";
import type { SourceSettings } from "../../types.ts";
import { WhatIf } from "../learn/WhatIf.tsx";
import { AddSound, RhythmEditor, SoundEditor } from "./AddSound.tsx";
import { Lesson, type Taught } from "./Lesson.tsx";
import { another, MOST, PatternEditor, PatternPresets, patternsOf } from "./Patterns.tsx";
import { ReactionRow } from "./ReactionRow.tsx";
import { Webhooks } from "./Webhooks.tsx";
import { applause, patternWords } from "./reactions.ts";

/** What a source reacts to, and what follows: a row for each, "when two claps, to this webhook"; then the webhooks themselves. */
export function Reactions({ source }: { source: SourceSettings }) {
  const taught = useSignal<Taught | null>(null);
  const deed = useDeed();
  const path = `sources.${source.id}`;
  const patterns = patternsOf(source);
  const put = (fresh: typeof patterns) => edit(`${path}.patterns`, fresh, 0);
  return (
    <div class="source-view reactions-view">
      <section class="panel reactions" aria-labelledby="reactions-title">
        <h2 id="reactions-title">{t("source.tab.reactions")}</h2>
        {source.hears !== "applause" && <PatternPresets source={source} />}
        <div class="reaction-list">
          {source.hears !== "applause" && patterns.map((pattern, index) => (
            <ReactionRow
              key={index} source={source} reaction={{ what: pattern.claps, words: patternWords(pattern, patterns) }}
              onRemove={patterns.length > 1 ? () => put(patterns.filter((_, at) => at !== index)) : undefined}
            >
              <PatternEditor path={`${path}.patterns`} index={index} patterns={patterns} put={put} />
            </ReactionRow>
          ))}
          {source.hears !== "claps" && <ReactionRow source={source} reaction={applause()} />}
          {source.sounds.map((sound) => (
            <ReactionRow key={sound.id} source={source} reaction={{ what: sound.id, words: sound.name || sound.id }} isOff={!sound.enabled} isTrigger>
              <SoundEditor path={`${path}.sounds.${sound.id}`} sound={sound} />
            </ReactionRow>
          ))}
          {source.rhythms.map((rhythm) => (
            <ReactionRow key={rhythm.id} source={source} reaction={{ what: rhythm.id, words: rhythm.name || rhythm.id }} intervals={rhythm.intervals} isOff={!rhythm.enabled} isTrigger>
              <RhythmEditor path={`${path}.rhythms.${rhythm.id}`} rhythm={rhythm} />
            </ReactionRow>
          ))}
        </div>
        <div class="reaction-more">
          {source.hears !== "applause" && patterns.length < MOST && (
            <button type="button" class="quiet" onClick={() => put([...patterns, another(patterns)])}>{t("pattern.add")}</button>
          )}
          {!taught.value && (["rhythms", "sounds"] as const).map((what) => <button key={what} type="button" class="quiet" onClick={() => (taught.value = what)}>{t(`lesson.${what}.open`)}</button>)}
          <AddSound source={source} deed={deed} />
        </div>
        {deed.fault}
        {taught.value && <Lesson key={taught.value} source={source} taught={taught.value} onClose={() => (taught.value = null)} />}
        <div class="options">
          <Field path={`${path}.hears`} />
          <Field path={`${path}.delay_s`} />
        </div>
        <WhatIf source={source} />
      </section>
      <Webhooks source={source} />
    </div>
  );
}
