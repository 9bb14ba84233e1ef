import { ask } from "../api.ts";
import { t } from "../i18n/index.ts";
import { discard, edit, settle } from "../saving.ts";
import { drafts } from "../store.ts";
import type { SourceSettings } from "../types.ts";
import type { WebhookSettings } from "../wire.ts";
import { SaveState } from "./Field.tsx";
import { Switch } from "./Control.tsx";
import { TestButton } from "./TestButton.tsx";
import { Help } from "./Buttons.tsx";

const PAUSE_MS = 900;

interface Props {
  source: SourceSettings;
  /** By default the source's first, which may have to be made. */
  webhook?: Pick<WebhookSettings, "id" | "url" | "enabled">;
  label?: string;
}

const NONE_YET = { id: "webhook", url: "", enabled: true };

/** Where a source's detections are posted, whether they are, and a test of it. */
export function WebhookField({ source, webhook = source.webhooks[0] ?? NONE_YET, label = t("field.webhook") }: Props) {
  const path = `sources.${source.id}.webhooks.${webhook.id}.url`;
  const enabledPath = `sources.${source.id}.webhooks.${webhook.id}.enabled`;
  const draft = drafts.value[path];
  const url = draft?.text ?? webhook.url;
  const enabled = Boolean(drafts.value[enabledPath]?.value ?? webhook.enabled);
  return (
    <div class="field field-webhook">
      <div class="field-head">
        <span class="label-row"><label for={path}>{label}</label>{label === t("field.webhook") && <Help about="field.webhook" />}</span>
        <Switch id={enabledPath} checked={enabled} label={t("field.webhook_enabled")} onChange={(on) => edit(enabledPath, on, 0)} />
      </div>
      <span class="with-button">
        <input
          type="url" id={path} value={url} placeholder={t("field.webhook_placeholder")} dir="ltr"
          autocomplete="off" spellcheck={false} maxLength={2048}
          aria-invalid={draft?.state === "refused"} aria-describedby={`${path}-state ${path}-hint`}
          onInput={(event) => edit(path, event.currentTarget.value.trim(), PAUSE_MS, event.currentTarget.value)}
          onBlur={() => settle(path)}
          onKeyDown={(event) => event.key === "Enter" ? settle(path) : event.key === "Escape" && discard(path)}
        />
        <TestButton path={path} target={`${source.id}.${webhook.id}`} ready={url.trim() !== "" && enabled} send={() => ask("POST /api/sources/{source_id}/webhook/test", { path: { source_id: source.id }, query: { webhook: webhook.id } })} />
      </span>
      <div class="states">
        <SaveState path={path} id={`${path}-state`} />
        <SaveState path={enabledPath} id={`${enabledPath}-state`} />
        {!url && !draft && <p class="hint" id={`${path}-hint`}>{t("field.webhook_none")}</p>}
      </div>
    </div>
  );
}
