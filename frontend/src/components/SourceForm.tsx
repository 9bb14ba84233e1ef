import { useSignal } from "@preact/signals";
import { addSource, readSettings } from "../api.ts";
import { t } from "../i18n/index.ts";
import { changeSeen } from "../saving.ts";
import { takeOwn } from "../offers.ts";
import { sources } from "../store.ts";
import type { Input, Kind } from "../types.ts";
import { useWholeForm } from "../useWholeForm.ts";
import { FormField } from "./FormField.tsx";
import { InputFields } from "./InputFields.tsx";
import { Outcome } from "./Shape.tsx";
import { kindName } from "./kinds.ts";

interface Props {
  kind: Kind;
  /** The source that is edited; empty for a new one. */
  sourceId?: string;
  name?: string;
  input?: Input;
  /** The machine of a cluster that is to hear a new one; empty for this one. */
  node?: string;
  onDone: (name: string) => void;
  onCancel: () => void;
}

/** A source's name and where its sound comes from: sent as a whole, so that a camera is not opened at every letter typed. */
export function SourceForm({ kind, sourceId = "", name: oldName = "", input: oldInput = {}, node = "", onDone, onCancel }: Props) {
  const name = useSignal(oldName);
  const input = useSignal<Input>(oldInput);
  const scope = sourceId ? `edit.${sourceId}` : `new.${kind}`;
  const form = useWholeForm({
    current: () => {
      const found = sources.value.find((source) => source.id === sourceId);
      return found && { name: found.name, input: found.input };
    },
    elsewhere: (now) => (now ? t("form.elsewhere", { name: now.name }) : t("form.gone")),
    prefix: /^sources\.[^.]*\.(input\.)?/,
    idOf: (field) => `${scope}.${field}`,
  });
  const { faults, refusal, busy } = form;
  const called = name.value.trim() || kindName(kind);
  const save = () => {
    const wish = { name: called, input: input.value };
    return sourceId
      ? changeSeen(() => ({ sources: [{ id: sourceId, ...wish }] }), form.isAsSeen)
      : addSource({ kind, ...wish, ...(node && { node }) }).then(readSettings).then(takeOwn);
  };
  return (
    <form class="form" noValidate onSubmit={form.send(save, () => onDone(called))} onKeyDown={(event) => event.key === "Escape" && onCancel()}>
      <FormField
        id={`${scope}.name`} label={t("form.name")} fault={faults.value["name"]} placeholder={kindName(kind)} maxLength={200} dir="auto" autocomplete="off"
        value={name.value} onType={(typed) => (name.value = typed)}
      />
      <InputFields
        kind={kind} scope={scope} sourceId={sourceId} input={input.value} node={node} faults={faults.value}
        set={(field, value) => (input.value = { ...input.value, [field]: value })}
      />
      {refusal.value && <p class="field" role="alert"><Outcome shape="cross" words={refusal.value} /></p>}
      <p class="field form-actions">
        <button type="submit" class="start" disabled={busy}>{sourceId ? t("form.save") : t("form.add")}</button>
        <button type="button" class="quiet" onClick={onCancel}>{t("form.cancel")}</button>
      </p>
    </form>
  );
}
