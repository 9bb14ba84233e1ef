import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { ask } from "../../api.ts";
import { DeviceChoice } from "../../components/DeviceSelect.tsx";
import { AskFirst, Help } from "../../components/Buttons.tsx";
import { Field, SaveState } from "../../components/Field.tsx";
import { SourceForm } from "../../components/SourceForm.tsx";
import { Reasons } from "../../components/Sound.tsx";
import { SourceDetails, SourceHead } from "../../components/Source.tsx";
import { useDeed } from "../../deed.tsx";
import { t } from "../../i18n/index.ts";
import { go, linkTo } from "../../route.ts";
import { discardAll, edit } from "../../saving.ts";
import { nodes, sources } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";

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
        <Reasons source={source} />
      </section>
      <div class="column">
        <section class="panel settings-group" aria-labelledby="place-title">
          <h2 id="place-title">{t("place.title")}</h2>
          <Field path={`sources.${source.id}.room`} list={knownRooms()} />
          <Reference source={source} />
          {(nodes.value.length > 0 || source.node) && <Field path={`sources.${source.id}.node`} options={["", "server", ...nodes.value.map(({ name }) => name), source.node]} />}
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
      <span class="label-row"><label for={path}>{t("place.reference")}</label><Help about="place.reference" /></span>
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
  const { change, fault } = useDeed();
  const ids = sources.value.map(({ id }) => id);
  const here = ids.indexOf(source.id);
  const move = (by: -1 | 1) => {
    const others = ids.filter((id) => id !== source.id);
    others.splice(here + by, 0, source.id);
    void change(() => ask("PUT /api/sources/order", { body: { ids: others } }));
  };
  if (ids.length < 2) return null;
  return (
    <>
      <p class="form-actions">
        <button type="button" class="quiet" aria-disabled={here === 0} onClick={() => here > 0 && move(-1)}>{t("place.earlier")}</button>
        <button type="button" class="quiet" aria-disabled={here === ids.length - 1} onClick={() => here < ids.length - 1 && move(1)}>{t("place.later")}</button>
        <span class="muted" role="status">{t("place.at", { place: here + 1, count: ids.length })}</span>
      </p>
      {fault}
    </>
  );
}

/** Name and input of a source that is there, and its removal. */
function EditSource({ source }: { source: SourceSettings }) {
  const open = useSignal(false);
  const { change, fault } = useDeed();
  const button = useRef<HTMLButtonElement>(null);
  const remove = () => change(() => ask("DELETE /api/sources/{source_id}", { path: { source_id: source.id } }), () => {
    discardAll(`sources.${source.id}.`);
    go(linkTo.house, true);
  });
  const close = () => {
    open.value = false;
    button.current?.focus();
  };
  return (
    <div class="edit">
      <p class="edit-actions">
        <button
          type="button" class="quiet" ref={button} aria-expanded={open.value} aria-label={t("edit.open_named", { name: source.name })}
          onClick={() => (open.value = !open.value)}
        >{t("edit.open")}</button>
        <AskFirst
          label={t("remove.open")} named={t("remove.open_named", { name: source.name })} title={t("remove.title", { name: source.name })}
          question={t("remove.detail")} sure={t("remove.confirm")} onSure={remove}
        />
      </p>
      {fault}
      {open.value && (
        <SourceForm kind={source.kind} sourceId={source.id} name={source.name} input={source.input} onDone={close} onCancel={close} />
      )}
    </div>
  );
}
