import { useEffect } from "preact/hooks";
import { ask, changeSettings } from "../../api.ts";
import { Field, Fields, SaveState } from "../../components/Field.tsx";
import { Shape } from "../../components/Shape.tsx";
import type { Deed } from "../../deed.tsx";
import { language, t } from "../../i18n/index.ts";
import { freeId } from "../../ids.ts";
import { edit } from "../../saving.ts";
import { drafts, soundCatalogue } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import type { RhythmSettings, SoundPreset, SoundSettings } from "../../wire.ts";
import { Rhythm } from "./Lesson.tsx";

const inLanguage = <Words,>(french: Words, english: Words) => (language.value === "fr" ? french : english);

/** What a sound of YAMNet is called in the page's language. */
const labelName = (label: string) => inLanguage(soundCatalogue.value?.labels.find((one) => one.label === label)?.label_fr ?? label, label);

/** A choice among the sounds that YAMNet names. */
function LabelOptions({ label, except = [], presets = [], onChoose }: { label: string; except?: string[]; presets?: SoundPreset[]; onChoose: (label: string) => void }) {
  useEffect(() => {
    if (!soundCatalogue.value) void ask("GET /api/sounds").then((found) => (soundCatalogue.value = found), () => undefined); // asked again when it is shown next
  }, []);
  const choose = (select: HTMLSelectElement) => {
    onChoose(select.value);
    select.selectedIndex = 0;
  };
  const named = (soundCatalogue.value?.labels ?? []).filter((one) => !except.includes(one.label)).map((one) => ({ value: one.label, words: inLanguage(one.label_fr, one.label) }));
  return (
    <select class="add-sound" aria-label={label} onChange={(event) => choose(event.currentTarget)}>
      <option value="" disabled selected>{label}</option>
      {presets.length > 0 && (
        <optgroup label={t("trigger.presets")}>{presets.map((one) => <option key={one.id} value={`preset:${one.id}`}>{presetWords(one)}</option>)}</optgroup>
      )}
      <optgroup label={t("trigger.all")}>
        {named.sort((a, b) => a.words.localeCompare(b.words)).map(({ value, words }) => <option key={value} value={value}>{words}</option>)}
      </optgroup>
    </select>
  );
}

const presetWords = (one: SoundPreset) =>
  `${inLanguage(one.name_fr, one.name_en)} (${one.recordings ? t("trigger.heard_in", { heard: one.heard, count: one.recordings }) : t("trigger.not_tried")})`;

/** Adds a sound to a source: one that is often asked for, or any that YAMNet names; with what that is worth. */
export function AddSound({ source, deed }: { source: SourceSettings; deed: Deed }) {
  const known = soundCatalogue.value;
  const add = (chosen: string) => {
    const preset = known?.presets.find(({ id }) => chosen === `preset:${id}`);
    const name = preset ? inLanguage(preset.name_fr, preset.name_en) : labelName(chosen);
    const { labels = [chosen], threshold, persistence_s, delay_s } = preset ?? {};
    const taken = [...source.sounds, ...source.rhythms].map(({ id }) => id);
    const sound = { id: freeId(preset?.id ?? chosen, taken), name, labels, ...(preset && { threshold, persistence_s, delay_s }) };
    void deed.change(() => changeSettings({ sources: [{ id: source.id, sounds: [sound] }] }));
  };
  return (
    <div class="add-sound-row">
      <LabelOptions label={t("trigger.add_sound")} presets={known?.presets ?? []} onChoose={add} />
      {known && !known.available && <p class="reason">{t("trigger.no_yamnet")}</p>}
      {known && <p class="hint">{inLanguage(known.advice_fr, known.advice_en)}</p>}
    </div>
  );
}

/** How a sound is listened for. */
export function SoundEditor({ path, sound }: { path: string; sound: SoundSettings }) {
  return (
    <div class="options">
      <Fields of={path} names={["enabled", "name", "threshold", "persistence_s", "delay_s"]} />
      {sound.examples.length === 0 && <Labels path={`${path}.labels`} known={sound.labels} />}
    </div>
  );
}

/** Which of YAMNet's names are meant, any of them; at least one. */
function Labels({ path, known }: { path: string; known: string[] }) {
  const labels = (drafts.value[path]?.value ?? known) as string[];
  return (
    <fieldset class="field wide" id={path} aria-describedby={`${path}-state`}>
      <legend>{t("trigger.labels")}</legend>
      <span class="checks">
        {labels.map((label) => (
          <button
            key={label} type="button" class="quiet small" disabled={labels.length === 1} aria-label={t("reaction.remove_named", { what: labelName(label) })}
            onClick={() => edit(path, labels.filter((one) => one !== label), 0)}
          >{labelName(label)} <Shape is="cross" /></button>
        ))}
        <LabelOptions label={t("trigger.another")} except={labels} onChoose={(label) => edit(path, [...labels, label], 0)} />
      </span>
      <SaveState path={path} id={`${path}-state`} />
    </fieldset>
  );
}

/** How exactly a rhythm must be clapped. */
export function RhythmEditor({ path, rhythm }: { path: string; rhythm: RhythmSettings }) {
  return (
    <div class="options">
      <div class="field wide" id={`${path}.intervals`} role="img" aria-label={t("lesson.drawn", { count: rhythm.intervals.length + 1 })}><Rhythm intervals={rhythm.intervals} /></div>
      <Fields of={path} names={["enabled", "name"]} />
      <Field path={`${path}.tolerance`} />
    </div>
  );
}
