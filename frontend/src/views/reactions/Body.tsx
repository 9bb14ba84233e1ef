import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ask } from "../../api.ts";
import { Help } from "../../components/Buttons.tsx";
import { Field, SaveState } from "../../components/Field.tsx";
import { Outcome } from "../../components/Shape.tsx";
import { type Key, language, said, t } from "../../i18n/index.ts";
import { edit } from "../../saving.ts";
import { detections, drafts } from "../../store.ts";
import { useAnswer } from "../../useAnswer.ts";
import type { WebhookSettings } from "../../wire.ts";

interface Props {
  path: string;
  sourceId: string;
  webhook: WebhookSettings;
  /** Whether the preview is open: only then it is asked for. */
  isOpen: boolean;
}

/** How a webhook is called, and with what: the documented JSON, or what a template makes. */
export function Body({ path, sourceId, webhook, isOpen }: Props) {
  const methodPath = `${path}.method`;
  const method = String(drafts.value[methodPath]?.value ?? webhook.method ?? "POST");
  const typed = {
    method,
    content_type: drafts.value[`${path}.content_type`]?.text ?? webhook.content_type ?? "application/json",
    template: drafts.value[`${path}.template`]?.text ?? webhook.template ?? "",
  };
  useEffect(() => { // a GET is refused as long as there is a template
    if (!webhook.template && drafts.value[methodPath]?.state === "refused") edit(methodPath, method, 0);
  }, [webhook.template]);
  return (
    <>
      <Field path={methodPath} />
      {(method !== "GET" || webhook.template || typed.template) && (
        <>
          <Field path={`${path}.content_type`} />
          <div class="wide">
            <Field path={`${path}.template`} />
            {isOpen && <BodyPreview sourceId={sourceId} templatePath={`${path}.template`} typed={typed} />}
          </div>
        </>
      )}
    </>
  );
}

const PAUSE_MS = 300;

interface BodyPreviewProps {
  sourceId: string;
  /** Whose last detection is shown; the template's is beside its field already where it is refused. */
  templatePath: string;
  typed: { method: string; content_type: string; template: string };
}

/** What would be sent, while the template is typed: for the source's last detection, or an example of any kind. */
function BodyPreview({ sourceId, templatePath, typed }: BodyPreviewProps) {
  const asked = useSignal(typed);
  const which = useSignal(0);
  useEffect(() => {
    const timer = setTimeout(() => (asked.value = typed), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed.method, typed.content_type, typed.template]);
  const newest = detections.value.find((detection) => detection.sourceId === sourceId)?.id;
  const { answer, failure } = useAnswer(() => ask("POST /api/webhooks/preview", { query: { source: sourceId }, body: asked.value }), [asked.value, newest, language.value]).value;
  const samples = answer?.samples ?? [];
  const shown = samples[which.value] ?? samples[0];
  const isSaid = drafts.value[templatePath]?.state === "refused";
  const id = `${templatePath}-preview`;
  return (
    <div class="field preview">
      <div class="field-head">
        <label for={id}>{t("preview.title")}</label>
        <select id={id} onChange={(event) => (which.value = event.currentTarget.selectedIndex)}>
          {samples.map((sample, index) => (
            <option key={index} selected={sample === shown}>{t(sample.real ? "preview.real" : `preview.${sample.event}` satisfies Key)}</option>
          ))}
        </select>
      </div>
      {failure && <p role="status">{isSaid ? t("preview.none") : <Outcome shape="cross" words={failure} />}</p>}
      {!failure && shown?.code && <p role="status"><Outcome shape="cross" words={said(shown)} /></p>}
      {!failure && shown && !shown.code && <pre dir="ltr" tabIndex={0} role="group" aria-label={t("preview.body")}>{shown.body}</pre>}
      <p class="hint">{t("preview.hint", { type: answer?.content_type ?? "", bytes: new TextEncoder().encode(shown?.body ?? "").length })}</p>
    </div>
  );
}

/** HTTP headers that are sent along. Their values are write-only: a header is replaced, or taken away. */
export function Headers({ path, headers }: { path: string; headers: Record<string, string> }) {
  const name = useSignal("");
  const value = useSignal("");
  const first = useRef<HTMLInputElement>(null);
  const add = () => {
    if (!name.value.trim()) return;
    edit(path, { [name.value.trim()]: value.value.trim() }, 0);
    name.value = value.value = "";
    first.current?.focus();
  };
  const remove = (known: string) => {
    first.current?.focus(); // the button goes, the focus does not
    edit(path, { [known]: null }, 0);
  };
  return (
    <fieldset class="field headers" id={path} aria-label={t("headers.title")} aria-describedby={`${path}-hint ${path}-state`}>
      <legend class="label-row">{t("headers.title")} <Help about="headers.title" /></legend>
      <ul>
        {Object.entries(headers).map(([known, masked]) => (
          <li key={known}>
            <code dir="ltr">{known}: {masked}</code>
            <button type="button" class="quiet" aria-label={t("headers.remove_named", { name: known })} onClick={() => remove(known)}>
              {t("webhooks.remove")}
            </button>
          </li>
        ))}
      </ul>
      <div class="header-new" onKeyDown={(event) => event.key === "Enter" && add()}>
        <input
          ref={first} aria-label={t("headers.name")} placeholder="Authorization" dir="ltr" autocomplete="off" spellcheck={false} value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        <input
          aria-label={t("headers.value")} placeholder="Bearer …" dir="ltr" autocomplete="off" spellcheck={false} value={value.value}
          onInput={(event) => (value.value = event.currentTarget.value)}
        />
        <button type="button" class="quiet" disabled={!name.value.trim()} onClick={add}>{t("headers.add")}</button>
      </div>
      <p class="hint" id={`${path}-hint`}>{t("headers.hint")}</p>
      <SaveState path={path} id={`${path}-state`} />
    </fieldset>
  );
}
