import { score } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";
import { drafts, edit, settle } from "../saving.ts";
import { Help } from "./Menu.tsx";
import { SaveState } from "./Field.tsx";

const PAUSE_MS = 250;

interface Props {
  path: string;
  value: number;
  /** In one row, without saying what it does. */
  brief?: boolean;
}

/** The least score of a clap. */
export function ThresholdField({ path, value, brief = false }: Props) {
  const shown = Number(drafts.value[path]?.value ?? value);
  return (
    <div class={`field field-threshold ${brief ? "field-brief" : ""}`}>
      <div class="field-head">
        <span class="label-row"><label for={path}>{t("field.threshold")}</label><Help about="field.threshold" /></span>
        <output for={path} class="field-value">{score(shown)}</output>
      </div>
      <input
        type="range" id={path} min="0" max="1" step="0.01" value={shown}
        aria-describedby={`${path}-hint ${path}-state`} aria-valuetext={score(shown)}
        onInput={(event) => edit(path, event.currentTarget.valueAsNumber, PAUSE_MS)}
        onBlur={() => settle(path)}
      />
      <p class={brief ? "unseen" : "hint"} id={`${path}-hint`}>{t("field.threshold_hint")}</p>
      <SaveState path={path} id={`${path}-state`} />
    </div>
  );
}
