import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { listPatterns } from "../../api.ts";
import { type Key, t } from "../../i18n/index.ts";
import type { PatternSettings, PatternPresets as Presets } from "../../wire.ts";

const NAMES = ["any", "single", "double", "single_and_double"] as const;
const presets = signal<Presets["presets"] | null>(null);

interface Props {
  patterns: PatternSettings[];
  onChoose: (patterns: PatternSettings[]) => void;
}

/** The usual patterns, each by a word; "other" where the patterns below are none of these. */
export function PatternPresets({ patterns, onChoose }: Props) {
  useEffect(() => {
    if (!presets.value) void listPatterns().then((answer) => (presets.value = answer.presets), () => undefined); // the numbers below do without
  }, []);
  const known = presets.value;
  if (!known) return null;
  const chosen = NAMES.find((name) => known[name] && counts(known[name]) === counts(patterns)) ?? "other";
  return (
    <div class="field">
      <label for="pattern-preset">{t("pattern.preset")}</label>
      <select id="pattern-preset" onChange={({ currentTarget: { value } }) => known[value] && onChoose(known[value])}>
        {NAMES.map((name) => <option key={name} value={name} selected={name === chosen}>{t(`pattern.preset.${name}` satisfies Key)}</option>)}
        {chosen === "other" && <option value="other" selected>{t("pattern.preset.other")}</option>}
      </select>
    </div>
  );
}

/** Whether two lists of patterns react to the same counts; how far apart claps may be is no matter of the preset. */
const counts = (patterns: PatternSettings[]) => JSON.stringify(patterns.map(({ claps, at_least }) => [claps, at_least]));
