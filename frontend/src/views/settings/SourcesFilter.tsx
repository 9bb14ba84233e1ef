import { SaveState } from "../../components/SaveState.tsx";
import { type Key, t } from "../../i18n/index.ts";
import { drafts } from "../../saving.ts";
import { sources } from "../../store.ts";

interface Props {
  path: string;
  chosen: string[];
  hint: { all: Key; some: Key };
  onChoose: (ids: string[]) => void;
}

/** Which sources something is for; none chosen is all. One that is gone can be removed. */
export function SourcesFilter({ path, chosen: known, hint, onChoose }: Props) {
  const chosen = (drafts.value[path]?.value ?? known) as string[];
  const here = sources.value.map(({ id, name }) => ({ id, name }));
  const gone = chosen.filter((id) => !here.some((source) => source.id === id)).map((id) => ({ id, name: t("notify.source_gone", { id }) }));
  const toggle = (id: string, on: boolean) => onChoose(on ? [...chosen, id] : chosen.filter((one) => one !== id));
  return (
    <fieldset class="field filter" id={path} aria-describedby={`${path}-hint ${path}-state`}>
      <legend>{t("notify.sources")}</legend>
      <span class="checks">
        {[...here, ...gone].map(({ id, name }) => (
          <label key={id} class="check">
            <input type="checkbox" checked={chosen.includes(id)} onChange={(event) => toggle(id, event.currentTarget.checked)} />
            <span class="clip" dir="auto" title={name}>{name}</span>
          </label>
        ))}
      </span>
      <p class="hint" id={`${path}-hint`}>{t(chosen.length ? hint.some : hint.all)}</p>
      <SaveState path={path} id={`${path}-state`} />
    </fieldset>
  );
}
