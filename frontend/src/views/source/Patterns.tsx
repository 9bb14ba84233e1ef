import { SaveState } from "../../components/SaveState.tsx";
import { decimal } from "../../i18n/format.ts";
import { type Key, t } from "../../i18n/index.ts";
import { drafts, edit } from "../../saving.ts";
import type { Hears, Pattern, SourceSettings, WebhookSettings } from "../../wire.ts";

const HEARS: Hears[] = ["claps", "applause", "both"];
const COUNTS = [1, 2, 3, 4];
const MOST = 4;

/** What a source reacts to: claps, applause or both, and which rows of claps; any of them makes a detection. */
export function Patterns({ source }: { source: SourceSettings }) {
  const path = `sources.${source.id}.patterns`;
  const hearsPath = `sources.${source.id}.hears`;
  const hears = (drafts.value[hearsPath]?.value ?? source.hears) as Hears;
  const patterns = (drafts.value[path]?.value ?? source.patterns) as Pattern[];
  const put = (index: number, change: Partial<Pattern>) =>
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
      {hears !== "applause" && (
        <div class="field field-pattern">
          {patterns.map((pattern, index) => (
            <Row
              key={index} path={`${path}.${index}`} pattern={pattern} number={patterns.length > 1 ? index + 1 : 0} webhooks={source.webhooks}
              onChange={(change) => put(index, change)}
              onRemove={patterns.length > 1 ? () => edit(path, patterns.filter((_, at) => at !== index), 0) : undefined}
            />
          ))}
          {patterns.length < MOST && (
            <button type="button" class="quiet add-row" onClick={() => edit(path, [...patterns, another(patterns)], 0)}>{t("pattern.add")}</button>
          )}
          <SaveState path={path} id={`${path}-state`} />
        </div>
      )}
    </>
  );
}

/** Another row: the shortest that is not there yet. */
function another(patterns: Pattern[]): Pattern {
  const claps = COUNTS.find((count) => !patterns.some((pattern) => pattern.claps === count)) ?? MOST;
  return { ...patterns[0]!, claps, at_least: false };
}

interface RowProps {
  path: string;
  pattern: Pattern;
  /** Which of several; 0 where it is the only one. */
  number: number;
  webhooks: WebhookSettings[];
  onChange: (change: Partial<Pattern>) => void;
  onRemove: (() => void) | undefined;
}

function Row({ path, pattern, number, webhooks, onChange, onRemove }: RowProps) {
  const told = webhooks.flatMap((webhook, index) =>
    webhook.enabled && webhook.url && (webhook.claps.length === 0 || webhook.claps.includes(pattern.claps)) ? [index + 1] : []);
  return (
    <fieldset class="pattern-row" aria-describedby={`${path}-hint`}>
      <legend>{number ? t("pattern.number", { number }) : t("pattern.title")}</legend>
      <span class="pattern">
        <select aria-label={t("pattern.how")} onChange={(event) => onChange({ at_least: event.currentTarget.value === "least" })}>
          <option value="least" selected={pattern.at_least}>{t("pattern.at_least")}</option>
          <option value="exactly" selected={!pattern.at_least}>{t("pattern.exactly")}</option>
        </select>
        <span class="counts">
          {COUNTS.map((claps) => (
            <label key={claps} class="count">
              <input type="radio" name={path} checked={pattern.claps === claps} onChange={() => onChange({ claps })} />
              <span aria-hidden="true">{claps}</span>
              <span class="unseen">{t(claps === 1 ? "pattern.one" : "pattern.many", { claps })}</span>
            </label>
          ))}
        </span>
        {(pattern.claps > 1 || !pattern.at_least) && (
          <label class="gap">
            {t("pattern.gap")}
            <input
              type="number" min="0.2" max="5" step="0.1" inputMode="decimal" value={pattern.max_gap_s}
              onChange={(event) => onChange({ max_gap_s: event.currentTarget.valueAsNumber || 0 })}
            />
          </label>
        )}
        {onRemove && <button type="button" class="quiet" aria-label={t("pattern.remove_named", { number })} onClick={onRemove}>{t("webhooks.remove")}</button>}
      </span>
      <p class="hint" id={`${path}-hint`}>
        {consequence(pattern)}{" "}
        {webhooks.length > 1 && (told.length ? t("pattern.tells", { numbers: told.join(", ") }) : t("pattern.tells_nobody"))}
      </p>
    </fieldset>
  );
}

function consequence({ claps, at_least, max_gap_s }: Pattern): string {
  if (!at_least) return t("pattern.exactly_hint", { seconds: decimal(max_gap_s, 1) });
  return claps === 1 ? t("pattern.any_hint") : t("pattern.at_least_hint", { seconds: decimal(max_gap_s, 1) });
}
