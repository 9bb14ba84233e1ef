import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { listPatterns } from "../../api.ts";
import { SaveState } from "../../components/SaveState.tsx";
import { type Key, t } from "../../i18n/index.ts";
import { drafts, edit } from "../../saving.ts";
import type { SourceSettings } from "../../types.ts";
import type { PatternSettings, PatternPresets as Presets } from "../../wire.ts";

const NAMES = ["any", "single", "double", "single_and_double"] as const;
const presets = signal<Presets["presets"] | null>(null);

/** A source's patterns as they are being set just now. */
export const patternsOf = ({ id, patterns }: SourceSettings) => (drafts.value[`sources.${id}.patterns`]?.value ?? patterns) as PatternSettings[];

/** Which preset a source's patterns are; "other" for none of them, null before that is known. */
export const presetOf = (source: SourceSettings) => presets.value &&
  (NAMES.find((name) => presets.value?.[name] && counts(presets.value[name]) === counts(patternsOf(source))) ?? "other");

/** The usual patterns, each a press away. */
export function PatternPresets({ source }: { source: SourceSettings }) {
  useEffect(() => {
    if (!presets.value) void listPatterns().then((answer) => (presets.value = answer.presets), () => undefined); // patterns can be set by their numbers
  }, []);
  const path = `sources.${source.id}.patterns`;
  const chosen = presetOf(source);
  return (
    <fieldset class="field presets">
      <legend>{t("pattern.preset")}</legend>
      <span class="counts">
        {NAMES.map((name) => (
          <label key={name} class="count">
            <input type="radio" name={`${path}.preset`} checked={name === chosen} disabled={!presets.value} onChange={() => edit(path, presets.value![name]!, 0)} />
            <span>{t(`pattern.preset.${name}` satisfies Key)}</span>
          </label>
        ))}
      </span>
      <SaveState path={path} id={`${path}-state`} />
    </fieldset>
  );
}

/** What a list of patterns reacts to, in a form to compare; how far apart claps may be is no matter of the preset. */
const counts = (patterns: PatternSettings[]) => JSON.stringify(patterns.map(({ claps, at_least }) => [claps, at_least]));
