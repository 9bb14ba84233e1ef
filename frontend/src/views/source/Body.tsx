import { useEffect } from "preact/hooks";
import { BodyPreview } from "./BodyPreview.tsx";
import { SavedField } from "../../components/SavedField.tsx";
import { SaveState } from "../../components/SaveState.tsx";
import { t } from "../../i18n/index.ts";
import { drafts, edit } from "../../saving.ts";
import type { WebhookSettings } from "../../wire.ts";

const METHODS = ["POST", "PUT", "GET"];

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
      <div class="field">
        <label for={methodPath}>{t("body.method")}</label>
        <select id={methodPath} aria-describedby={`${methodPath}-state`} onChange={(event) => edit(methodPath, event.currentTarget.value, 0)}>
          {METHODS.map((one) => <option key={one} selected={one === method}>{one}</option>)}
        </select>
        <SaveState path={methodPath} id={`${methodPath}-state`} />
      </div>
      {(method !== "GET" || webhook.template || typed.template) && (
        <>
          <SavedField path={`${path}.content_type`} label={t("body.type")} value={webhook.content_type ?? "application/json"} />
          <div class="wide">
            <SavedField path={`${path}.template`} label={t("body.template")} value={webhook.template ?? ""} type="lines" placeholder={'{"text": {{ source_name | tojson }}}'} hint={t("body.template_hint")} />
            {isOpen && <BodyPreview sourceId={sourceId} templatePath={`${path}.template`} typed={typed} />}
          </div>
        </>
      )}
    </>
  );
}
