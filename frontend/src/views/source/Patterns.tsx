import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { SaveState } from "../../components/SaveState.tsx";
import { Shape } from "../../components/Shape.tsx";
import { decimal } from "../../i18n/format.ts";
import { type Key, t } from "../../i18n/index.ts";
import { type Draft, drafts, edit } from "../../saving.ts";
import type { Hears, SourceSettings } from "../../types.ts";
import type { PatternSettings, WebhookSettings } from "../../wire.ts";
import { PatternPresets, patternsOf, presetOf } from "./PatternPresets.tsx";

const HEARS: Hears[] = ["claps", "applause", "both"];
const COUNTS = [1, 2, 3, 4];
const MOST = 4;

/** What a source reacts to: claps, applause or both, and which rows of claps; any of them makes a detection. */
export function Patterns({ source }: { source: SourceSettings }) {
  const path = `sources.${source.id}.patterns`;
  const hearsPath = `sources.${source.id}.hears`;
  const hears = (drafts.value[hearsPath]?.value ?? source.hears) as Hears;
  const patterns = patternsOf(source);
  const byHand = useRef(false); // once it was open it stays so, though a preset is met on the way
  byHand.current ||= presetOf(source) === "other";
  const draft = drafts.value[path];
  const isIn = (row: number) => draft?.state === "refused" && draft.at?.startsWith(`${path}.${row}.`);
  const remove = (index: number) => {
    document.getElementById(`${path}.${Math.max(0, index - 1)}.at_least`)?.focus(); // the button goes, the focus does not
    edit(path, patterns.filter((_, at) => at !== index), 0);
  };
  const put = (index: number, change: Partial<PatternSettings>) =>
    edit(path, patterns.map((pattern, at) => (at === index ? { ...pattern, ...change } : pattern)), 0);
  return (
    <>
      <div class="field field-hears">
        <label for={hearsPath}>{t("pattern.hears")}</label>
        <select id={hearsPath} aria-describedby={`${hearsPath}-state`} onChange={(event) => edit(hearsPath, event.currentTarget.value, 0)}>
          {HEARS.map((one) => <option key={one} value={one} selected={one === hears}>{t(`pattern.hears.${one}` satisfies Key)}</option>)}
        </select>
        <SaveState path={hearsPath} id={`${hearsPath}-state`} />
      </div>
      {hears !== "applause" && <PatternPresets source={source} />}
      {hears !== "applause" && (
        <details class="field field-pattern more-options" open={byHand.current || undefined}>
          <summary>{t("pattern.by_hand")}</summary>
          {patterns.map((pattern, index) => (
            <Row
              key={index} path={`${path}.${index}`} pattern={pattern} waits={waits(pattern, patterns)} fault={isIn(index) ? draft : undefined} number={patterns.length > 1 ? index + 1 : 0} webhooks={source.webhooks}
              onChange={(change) => put(index, change)}
              onRemove={patterns.length > 1 ? () => remove(index) : undefined}
            />
          ))}
          {patterns.length < MOST && (
            <button type="button" class="quiet add-row" onClick={() => edit(path, [...patterns, another(patterns)], 0)}>{t("pattern.add")}</button>
          )}
        </details>
      )}
    </>
  );
}

/** Another row: the shortest that is not there yet. */
function another(patterns: PatternSettings[]): PatternSettings {
  const claps = COUNTS.find((count) => !patterns.some((pattern) => pattern.claps === count)) ?? MOST;
  return { ...patterns[0]!, claps, at_least: false };
}

interface RowProps {
  path: string;
  pattern: PatternSettings;
  /** Whether it is sent only once no other clap has followed. */
  waits: boolean;
  /** What was refused of this row, where it was. */
  fault: Draft | undefined;
  /** Which of several; 0 where it is the only one. */
  number: number;
  webhooks: WebhookSettings[];
  onChange: (change: Partial<PatternSettings>) => void;
  onRemove: (() => void) | undefined;
}

function Row({ path, pattern, waits, fault, number, webhooks, onChange, onRemove }: RowProps) {
  const told = webhooks.flatMap((webhook, index) =>
    webhook.enabled && webhook.url && (webhook.claps.length === 0 || webhook.claps.includes(pattern.claps)) ? [index + 1] : []);
  return (
    <fieldset class="pattern-row" aria-describedby={`${path}-hint`}>
      <legend>{number ? t("pattern.number", { number }) : t("pattern.title")}</legend>
      <span class="pattern">
        <select id={`${path}.at_least`} aria-label={t("pattern.how")} onChange={(event) => onChange({ at_least: event.currentTarget.value === "least" })}>
          <option value="least" selected={pattern.at_least}>{t("pattern.at_least")}</option>
          <option value="exactly" selected={!pattern.at_least}>{t("pattern.exactly")}</option>
        </select>
        <span class="counts" id={`${path}.claps`}>
          {COUNTS.map((claps) => (
            <label key={claps} class="count">
              <input type="radio" name={path} checked={pattern.claps === claps} onChange={() => onChange({ claps })} />
              <span aria-hidden="true">{claps}</span>
              <span class="unseen">{t(claps === 1 ? "pattern.one" : "pattern.many", { claps })}</span>
            </label>
          ))}
        </span>
        {(pattern.claps > 1 || !pattern.at_least) && (
          <span class="gaps">
            <Gap name="min_gap_s" path={path} pattern={pattern} fault={fault} onChange={onChange} />
            <Gap name="max_gap_s" path={path} pattern={pattern} fault={fault} onChange={onChange} />
            <span class="unit" aria-hidden="true">{t("field.seconds")}</span>
          </span>
        )}
        {onRemove && <button type="button" class="quiet" aria-label={t("pattern.remove_named", { number })} onClick={onRemove}>{t("webhooks.remove")}</button>}
      </span>
      <p class="save-state save-refused" id={`${path}-fault`} role={fault ? "alert" : undefined}>
        {fault && <><Shape is="cross" /><span dir="auto">{fault.reason}</span></>}
      </p>
      <p class="hint" id={`${path}-hint`}>
        {consequence(pattern, waits)}{" "}
        {webhooks.length > 1 && (told.length ? t("pattern.tells", { numbers: told.join(", ") }) : t("pattern.tells_nobody"))}
      </p>
    </fieldset>
  );
}

interface GapProps extends Pick<RowProps, "path" | "pattern" | "fault" | "onChange"> {
  name: "min_gap_s" | "max_gap_s";
}

/** How soon, or how late, a clap may follow the last one. What is being typed stays, whatever news come in. */
function Gap({ name, path, pattern, fault, onChange }: GapProps) {
  const typed = useSignal<string | null>(null);
  return (
    <label class="gap">
      <span>{t(`pattern.${name}` satisfies Key)}<span class="unseen"> {t(`pattern.${name}_unseen` satisfies Key)}</span></span>
      <input
        type="number" id={`${path}.${name}`} min="0" max={name === "min_gap_s" ? 2 : 5} step="0.05" inputMode="decimal" value={typed.value ?? pattern[name]}
        aria-invalid={fault?.at === `${path}.${name}`} aria-describedby={`${path}-fault`}
        onInput={(event) => (typed.value = event.currentTarget.value)}
        onChange={(event) => {
          typed.value = null;
          onChange({ [name]: event.currentTarget.valueAsNumber || 0 });
        }}
      />
    </label>
  );
}

/** Whether a pattern is sent only once no other clap has followed: it is exact, or another one has room for more claps. */
function waits({ claps, at_least }: PatternSettings, all: PatternSettings[]): boolean {
  return !at_least || claps < Math.max(...all.map((other) => other.claps + (other.at_least ? 0 : 1)));
}

function consequence({ claps, max_gap_s }: PatternSettings, isDelayed: boolean): string {
  if (isDelayed) return t("pattern.exactly_hint", { seconds: decimal(max_gap_s, 1) });
  return claps === 1 ? t("pattern.any_hint") : t("pattern.at_least_hint", { seconds: decimal(max_gap_s, 1) });
}
