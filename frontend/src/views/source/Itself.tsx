import { useSignal } from "@preact/signals";
import { orderSources, readSettings } from "../../api.ts";
import { DeviceChoice } from "../../components/DeviceChoice.tsx";
import { Outcome } from "../../components/Outcome.tsx";
import { Field } from "../../components/Field.tsx";
import { SaveState } from "../../components/SaveState.tsx";
import { SourceDetails } from "../../components/SourceDetails.tsx";
import { SourceHead } from "../../components/SourceHead.tsx";
import { t } from "../../i18n/index.ts";
import { takeOwn } from "../../offers.ts";
import { linkTo } from "../../route.ts";
import { edit, inTurn } from "../../saving.ts";
import { sources } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import { inWords } from "../../words.ts";
import { EditSource } from "./EditSource.tsx";

/** The source itself: where its sound comes from, where it stands on the wall, what is kept of it, and its removal. */
export function Itself({ source }: { source: SourceSettings }) {
  return (
    <div class="source-view">
      <section class="panel source" aria-labelledby="edit-title">
        <h2 id="edit-title">{t("source.itself")}</h2>
        <SourceHead source={source} />
        {source.kind === "microphone" && <DeviceChoice path={`sources.${source.id}.input.device`} value={String(source.input["device"] ?? "")} />}
        <EditSource source={source} />
        <SourceDetails sourceId={source.id} name={source.name} />
      </section>
      <div class="column">
        <section class="panel settings-group" aria-labelledby="place-title">
          <h2 id="place-title">{t("place.title")}</h2>
          <Field path={`sources.${source.id}.room`} list={knownRooms()} />
          <Reference source={source} />
          <Field path={`sources.${source.id}.node`} />
          <Order source={source} />
          <Field path={`sources.${source.id}.armed`} />
        </section>
        <section class="panel settings-group" aria-labelledby="clips-title">
          <h2 id="clips-title">{t("clips.title")}</h2>
          <Field path={`sources.${source.id}.clips`} />
          <Field path={`sources.${source.id}.example_clips`} />
          <p class="hint">{t("clips.hint")} <a href={linkTo.history}>{t("clips.where")}</a></p>
        </section>
      </div>
    </div>
  );
}

const knownRooms = () => [...new Set(sources.value.map(({ room }) => room))].filter(Boolean);

/** The source whose sound does not count here; of several, which only the API sets, the first is shown. */
function Reference({ source }: { source: SourceSettings }) {
  const path = `sources.${source.id}.references`;
  const others = sources.value.filter(({ id }) => id !== source.id);
  if (!others.length) return null;
  return (
    <div class="field">
      <label for={path}>{t("place.reference")}</label>
      <select id={path} aria-describedby={`${path}-state ${path}-hint`} onChange={({ currentTarget: { value } }) => edit(path, value ? [value] : [], 0)}>
        <option value="">{t("place.no_reference")}</option>
        {others.map(({ id, name }) => <option key={id} value={id} selected={id === source.references[0]} dir="auto">{name}</option>)}
      </select>
      <SaveState path={path} id={`${path}-state`} />
      <p class="hint" id={`${path}-hint`}>{t("place.reference_hint")}</p>
    </div>
  );
}

/** Where the source stands among the others. */
function Order({ source }: { source: SourceSettings }) {
  const refusal = useSignal("");
  const ids = sources.value.map(({ id }) => id);
  const here = ids.indexOf(source.id);
  const move = (by: -1 | 1) => {
    const others = ids.filter((id) => id !== source.id);
    others.splice(here + by, 0, source.id);
    void inTurn(() => orderSources(others).then(readSettings).then(takeOwn)).then(() => (refusal.value = ""), (error: unknown) => (refusal.value = inWords(error)));
  };
  if (ids.length < 2) return null;
  return (
    <>
      <p class="form-actions">
        <button type="button" class="quiet" aria-disabled={here === 0} onClick={() => here > 0 && move(-1)}>{t("place.earlier")}</button>
        <button type="button" class="quiet" aria-disabled={here === ids.length - 1} onClick={() => here < ids.length - 1 && move(1)}>{t("place.later")}</button>
        <span class="muted" role="status">{t("place.at", { place: here + 1, count: ids.length })}</span>
      </p>
      {refusal.value && <p role="alert"><Outcome shape="cross" words={refusal.value} /></p>}
    </>
  );
}
