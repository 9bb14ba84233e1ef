import { decimal } from "../i18n/format.ts";
import { type Key, t } from "../i18n/index.ts";
import { drafts, edit } from "../saving.ts";
import type { Hears, Pattern, SourceSettings } from "../wire.ts";
import { SaveState } from "./SaveState.tsx";

const HEARS: Hears[] = ["claps", "applause", "both"];
const COUNTS = [1, 2, 3, 4];

/** What a source reacts to: claps, applause or both, and how many claps in a row. */
export function PatternChoice({ source }: { source: SourceSettings }) {
  const path = `sources.${source.id}.patterns`;
  const hearsPath = `sources.${source.id}.hears`;
  const hears = (drafts.value[hearsPath]?.value ?? source.hears) as Hears;
  const patterns = (drafts.value[path]?.value ?? source.patterns) as Pattern[];
  const [first, ...more] = patterns;
  if (!first) return null;
  const choose = (change: Partial<Pattern>) => edit(path, [{ ...first, ...change }], 0);
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
        <fieldset class="field field-pattern" aria-describedby={`${path}-hint ${path}-state`}>
          <legend>{t("pattern.title")}</legend>
          <span class="pattern">
            <select aria-label={t("pattern.how")} onChange={(event) => choose({ at_least: event.currentTarget.value === "least" })}>
              <option value="least" selected={first.at_least}>{t("pattern.at_least")}</option>
              <option value="exactly" selected={!first.at_least}>{t("pattern.exactly")}</option>
            </select>
            <span class="counts">
              {COUNTS.map((claps) => (
                <label key={claps} class="count">
                  <input type="radio" name={path} checked={more.length === 0 && first.claps === claps} onChange={() => choose({ claps })} />
                  <span aria-hidden="true">{claps}</span>
                  <span class="unseen">{t(claps === 1 ? "pattern.one" : "pattern.many", { claps })}</span>
                </label>
              ))}
            </span>
          </span>
          <p class="hint" id={`${path}-hint`}>{more.length ? t("pattern.several", { patterns: patterns.map(inFew).join(", ") }) : consequence(first)}</p>
          <SaveState path={path} id={`${path}-state`} />
        </fieldset>
      )}
    </>
  );
}

const inFew = ({ claps, at_least }: Pattern) => `${at_least ? "≥ " : "= "}${claps}`;

function consequence({ claps, at_least, max_gap_s }: Pattern): string {
  if (!at_least) return t("pattern.exactly_hint", { seconds: decimal(max_gap_s, 1) });
  return claps === 1 ? t("pattern.any_hint") : t("pattern.at_least_hint", { seconds: decimal(max_gap_s, 1) });
}
