import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { changeSettings, listSounds } from "../../api.ts";
import type { Deed } from "../../deed.tsx";
import { language, t } from "../../i18n/index.ts";
import { freeId } from "../../ids.ts";
import type { SourceSettings } from "../../types.ts";
import type { SoundPreset, Sounds } from "../../wire.ts";

const sounds = signal<Sounds | null>(null);

const inLanguage = <Words,>(french: Words, english: Words) => (language.value === "fr" ? french : english);

/** What a sound of YAMNet is called in the page's language. */
export const labelName = (label: string) => inLanguage(sounds.value?.labels.find((one) => one.label === label)?.label_fr ?? label, label);

/** A choice among the sounds that YAMNet names. */
export function LabelOptions({ label, except = [], presets = [], onChoose }: { label: string; except?: string[]; presets?: SoundPreset[]; onChoose: (label: string) => void }) {
  useEffect(() => {
    if (!sounds.value) void listSounds().then((found) => (sounds.value = found), () => undefined); // asked again when it is shown next
  }, []);
  const choose = (select: HTMLSelectElement) => {
    onChoose(select.value);
    select.selectedIndex = 0;
  };
  const named = (sounds.value?.labels ?? []).filter((one) => !except.includes(one.label)).map((one) => ({ value: one.label, words: inLanguage(one.label_fr, one.label) }));
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
  const known = sounds.value;
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
