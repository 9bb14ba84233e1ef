import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { ask, readSettings } from "../../api.ts";
import { t } from "../../i18n/index.ts";
import { takeOwn } from "../../offers.ts";
import { go, linkTo } from "../../route.ts";
import { discardAll } from "../../saving.ts";
import type { SourceSettings } from "../../types.ts";
import { inWords } from "../../words.ts";
import { Outcome } from "../../components/Outcome.tsx";
import { SourceForm } from "../../components/SourceForm.tsx";

/** Name and input of a source that is there, and its removal. */
export function EditSource({ source }: { source: SourceSettings }) {
  const open = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
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
        <RemoveSource source={source} />
      </p>
      {open.value && (
        <SourceForm kind={source.kind} sourceId={source.id} name={source.name} input={source.input} onDone={close} onCancel={close} />
      )}
    </div>
  );
}

function RemoveSource({ source }: { source: SourceSettings }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const refusal = useSignal("");
  const remove = async () => {
    refusal.value = "";
    await ask("DELETE /api/sources/{source_id}", { path: { source_id: source.id } })
      .then(() => discardAll(`sources.${source.id}.`))
      .then(readSettings)
      .then(takeOwn)
      .then(() => go(linkTo.house, true), (error: unknown) => (refusal.value = inWords(error)));
  };
  const id = `remove-${source.id}`;
  return (
    <>
      <button type="button" class="quiet" aria-label={t("remove.open_named", { name: source.name })} onClick={() => dialog.current?.showModal()}>
        {t("remove.open")}
      </button>
      <dialog ref={dialog} class="panel" aria-labelledby={id}>
        <h2 id={id} dir="auto">{t("remove.title", { name: source.name })}</h2>
        <p class="muted">{t("remove.detail")}</p>
        {refusal.value && <p role="alert"><Outcome shape="cross" words={refusal.value} /></p>}
        <p class="form-actions">
          <button type="button" class="quiet" autofocus onClick={() => dialog.current?.close()}>{t("form.cancel")}</button>
          <button type="button" class="remove" onClick={remove}>{t("remove.confirm")}</button>
        </p>
      </dialog>
    </>
  );
}
