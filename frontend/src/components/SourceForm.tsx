import { useSignal } from "@preact/signals";
import { addSource, inWords, readSettings, Refused } from "../api.ts";
import { t } from "../i18n/index.ts";
import { changeSeen, isElsewhere, same } from "../saving.ts";
import { takeOwn } from "../offers.ts";
import { sources } from "../store.ts";
import type { Input, Kind } from "../types.ts";
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
  const faults = useSignal<Record<string, string>>({});
  const refusal = useSignal("");
  const seen = useSignal({ name: oldName, input: oldInput });
  const busy = useSignal(false);
  const scope = sourceId ? `edit.${sourceId}` : `new.${kind}`;

  const current = () => {
    const found = sources.value.find((source) => source.id === sourceId);
    return found && { name: found.name, input: found.input };
  };

  const explain = (error: unknown) => {
    const now = current();
    if (isElsewhere(error)) {
      refusal.value = now ? t("form.elsewhere", { name: now.name }) : t("form.gone");
      if (now) seen.value = now; // who sends it again has read this
      return;
    }
    const found = error instanceof Refused ? (error.problem.faults ?? []) : [];
    // "sources.ID.input.url" → "input.url"
    faults.value = Object.fromEntries(found.map((fault) => [fault.path.split(".").slice(2).join("."), fault.message]));
    const beside = found.filter(({ path }) => /^sources\.[^.]*\.(name|input\.[^.]+)$/.test(path));
    refusal.value = beside.length && beside.length === found.length ? "" : inWords(error);
  };

  const send = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    faults.value = {};
    refusal.value = "";
    const wish = { name: name.value.trim() || kindName(kind), input: input.value };
    const isAsSeen = () => same(current(), seen.value);
    await (sourceId
      ? changeSeen(() => ({ sources: [{ id: sourceId, ...wish }] }), isAsSeen)
      : addSource({ kind, ...wish, ...(node && { node }) }).then(readSettings).then(takeOwn)
    ).then(() => onDone(wish.name), explain);
    busy.value = false;
  };

  const ofInput = (path: string) => path.startsWith("input.");
  const inputFaults = Object.fromEntries(
    Object.entries(faults.value).filter(([path]) => ofInput(path)).map(([path, why]) => [path.slice("input.".length), why]),
  );
  return (
    <form class="form" noValidate onSubmit={send} onKeyDown={(event) => event.key === "Escape" && onCancel()}>
      <FormField
        id={`${scope}.name`} label={t("form.name")} fault={faults.value["name"]} placeholder={kindName(kind)} maxLength={200} dir="auto" autocomplete="off"
        value={name.value} onType={(typed) => (name.value = typed)}
      />
      <InputFields
        kind={kind} scope={scope} sourceId={sourceId} input={input.value} node={node} faults={inputFaults}
        set={(field, value) => (input.value = { ...input.value, [field]: value })}
      />
      {refusal.value && <p class="field" role="alert"><Outcome shape="cross" words={refusal.value} /></p>}
      <p class="field form-actions">
        <button type="submit" class="start" disabled={busy.value}>{sourceId ? t("form.save") : t("form.add")}</button>
        <button type="button" class="quiet" onClick={onCancel}>{t("form.cancel")}</button>
      </p>
    </form>
  );
}
