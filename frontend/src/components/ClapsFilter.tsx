import { t } from "../i18n/index.ts";
import { drafts, edit } from "../saving.ts";
import { SaveState } from "./SaveState.tsx";

const COUNTS = [1, 2, 3, 4];

/** For which numbers of claps a receiver gets deliveries; none chosen is all of them, applause too. */
export function ClapsFilter({ path, claps }: { path: string; claps: number[] }) {
  const chosen = (drafts.value[path]?.value ?? claps) as number[];
  const toggle = (count: number, on: boolean) => edit(path, COUNTS.filter((one) => (one === count ? on : chosen.includes(one))), 0);
  return (
    <fieldset class="field filter" id={path} aria-describedby={`${path}-hint ${path}-state`}>
      <legend>{t("webhooks.claps")}</legend>
      <span class="checks">
        {COUNTS.map((count) => (
          <label key={count} class="check">
            <input type="checkbox" checked={chosen.includes(count)} onChange={(event) => toggle(count, event.currentTarget.checked)} />
            {t(count === 1 ? "pattern.one" : "pattern.many", { claps: count })}
          </label>
        ))}
      </span>
      <p class="hint" id={`${path}-hint`}>{t(chosen.length ? "webhooks.claps_some" : "webhooks.claps_all")}</p>
      <SaveState path={path} id={`${path}-state`} />
    </fieldset>
  );
}
