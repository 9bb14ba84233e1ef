import { useEffect } from "preact/hooks";
import { BodyPreview } from "./BodyPreview.tsx";
import { Field } from "../../components/Field.tsx";
import { drafts, edit } from "../../saving.ts";
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
