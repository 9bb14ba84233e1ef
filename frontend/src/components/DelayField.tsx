import { t } from "../i18n/index.ts";
import { discard, drafts, edit, settle } from "../saving.ts";
import { SaveState } from "./SaveState.tsx";

const PAUSE_MS = 700;

/** The least time between two detections, in seconds. */
export function DelayField({ path, value }: { path: string; value: number }) {
  const draft = drafts.value[path];
  return (
    <div class="field field-delay">
      <label for={path}>{t("field.delay")}</label>
      <span class="with-unit">
        <input
          type="number" id={path} min="0.1" max="3600" step="0.1" inputMode="decimal" value={draft?.text ?? value}
          aria-invalid={draft?.state === "refused"} aria-describedby={`${path}-state`}
          onInput={({ currentTarget: { value: text, valueAsNumber: number } }) =>
            edit(path, Number.isNaN(number) ? text : number, PAUSE_MS, text)}
          onBlur={() => settle(path)}
          onKeyDown={(event) => event.key === "Escape" && discard(path)}
        />
        <span class="unit" aria-hidden="true">{t("field.seconds")}</span>
      </span>
      <SaveState path={path} id={`${path}-state`} />
    </div>
  );
}
