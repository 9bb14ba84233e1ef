import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask } from "../../api.ts";
import { Help } from "../../components/Buttons.tsx";
import { SaveState } from "../../components/Field.tsx";
import { Fault } from "../../components/FormField.tsx";
import { decimal } from "../../i18n/format.ts";
import { type Key, t } from "../../i18n/index.ts";
import { edit } from "../../saving.ts";
import { drafts, patternPresets } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import type { PatternSettings } from "../../wire.ts";
import { waits } from "./reactions.ts";

const COUNTS = [1, 2, 3, 4];
export const MOST = 4;

/** Another row: the shortest that is not there yet. */
export function another(patterns: PatternSettings[]): PatternSettings {
  const claps = COUNTS.find((count) => !patterns.some((pattern) => pattern.claps === count)) ?? MOST;
  return { ...patterns[0]!, claps, at_least: false };
}

interface EditorProps {
  /** Of the list of patterns. */
  path: string;
  index: number;
  patterns: PatternSettings[];
  put: (fresh: PatternSettings[]) => void;
}

/** How many claps in a row, how far apart; and what that means for when it is sent. */
export function PatternEditor({ path: of, index, patterns, put }: EditorProps) {
  const path = `${of}.${index}`;
  const pattern = patterns[index]!;
  const draft = drafts.value[of];
  const fault = draft?.state === "refused" && draft.at?.startsWith(`${path}.`) ? draft : undefined;
  const change = (part: Partial<PatternSettings>) => put(patterns.map((one, at) => (at === index ? { ...one, ...part } : one)));
  const gap = (name: "min_gap_s" | "max_gap_s") => (
    <Gap id={`${path}.${name}`} name={name} value={pattern[name]} isRefused={fault?.at === `${path}.${name}`} describedBy={`${path}-fault`} onChange={(value) => change({ [name]: value })} />
  );
  return (
    <>
      <span class="pattern">
        <select id={`${path}.at_least`} aria-label={t("pattern.how")} onChange={(event) => change({ at_least: event.currentTarget.value === "least" })}>
          <option value="least" selected={pattern.at_least}>{t("pattern.at_least")}</option>
          <option value="exactly" selected={!pattern.at_least}>{t("pattern.exactly")}</option>
        </select>
        <span class="counts" id={`${path}.claps`} role="radiogroup" aria-label={t("pattern.title")}>
          {COUNTS.map((claps) => (
            <label key={claps} class="count">
              <input type="radio" name={path} checked={pattern.claps === claps} onChange={() => change({ claps })} />
              <span aria-hidden="true">{claps}</span>
              <span class="unseen">{t("activity.claps", { count: claps })}</span>
            </label>
          ))}
        </span>
        {(pattern.claps > 1 || !pattern.at_least) && <span class="gaps">{gap("min_gap_s")}{gap("max_gap_s")}<span class="unit" aria-hidden="true">{t("field.seconds")}</span></span>}
      </span>
      <Fault id={`${path}-fault`} why={fault?.reason} />
      <p class="hint">{consequence(pattern, waits(pattern, patterns))}</p>
    </>
  );
}

interface GapProps {
  id: string;
  name: "min_gap_s" | "max_gap_s";
  value: number;
  isRefused: boolean;
  describedBy: string;
  onChange: (value: number) => void;
}

/** How soon, or how late, a clap may follow the last one. What is being typed stays, whatever news come in. */
function Gap({ id, name, value, isRefused, describedBy, onChange }: GapProps) {
  const typed = useSignal<string | null>(null);
  return (
    <label class="gap">
      <span>{t(`pattern.${name}` satisfies Key)}<span class="unseen"> {t(`pattern.${name}_unseen` satisfies Key)}</span></span>
      <input
        type="number" id={id} min="0" max={name === "min_gap_s" ? 2 : 5} step="0.05" inputMode="decimal" value={typed.value ?? value}
        aria-invalid={isRefused} aria-describedby={describedBy}
        onInput={(event) => (typed.value = event.currentTarget.value)}
        onChange={(event) => {
          typed.value = null;
          onChange(event.currentTarget.valueAsNumber || 0);
        }}
      />
    </label>
  );
}

function consequence({ claps, max_gap_s }: PatternSettings, isDelayed: boolean): string {
  if (isDelayed) return t("pattern.exactly_hint", { seconds: decimal(max_gap_s, 1) });
  return claps === 1 ? t("pattern.any_hint") : t("pattern.at_least_hint", { seconds: decimal(max_gap_s, 1) });
}

const NAMES = ["any", "single", "double", "single_and_double"] as const;

/** A source's patterns as they are being set just now. */
export const patternsOf = ({ id, patterns }: SourceSettings) => (drafts.value[`sources.${id}.patterns`]?.value ?? patterns) as PatternSettings[];

/** Which preset a source's patterns are; "other" for none of them, null before that is known. */
const presetOf = (source: SourceSettings) => patternPresets.value &&
  (NAMES.find((name) => patternPresets.value?.[name] && counts(patternPresets.value[name]) === counts(patternsOf(source))) ?? "other");

/** The usual patterns, each a press away. */
export function PatternPresets({ source }: { source: SourceSettings }) {
  useEffect(() => {
    if (!patternPresets.value) void ask("GET /api/patterns").then((answer) => (patternPresets.value = answer.presets), () => undefined); // patterns can be set by their numbers
  }, []);
  const path = `sources.${source.id}.patterns`;
  const chosen = presetOf(source);
  return (
    <fieldset class="field presets" aria-label={t("pattern.preset")}>
      <legend class="label-row">{t("pattern.preset")} <Help about="pattern.preset" /></legend>
      <span class="counts">
        {NAMES.map((name) => (
          <label key={name} class="count">
            <input type="radio" name={`${path}.preset`} checked={name === chosen} disabled={!patternPresets.value} onChange={() => edit(path, patternPresets.value![name]!, 0)} />
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
