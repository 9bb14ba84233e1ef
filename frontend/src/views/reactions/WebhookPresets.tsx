import { t } from "../../i18n/index.ts";
import { sources } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import type { WebhookSettings } from "../../wire.ts";

const MOST_LIKE = 4;
const MASK = "****";

/** Webhooks that are nearly ready: of the usual receivers, and like those of other sources. */
export function WebhookPresets({ source, onAdd }: { source: SourceSettings; onAdd: (webhook: Partial<WebhookSettings>) => void }) {
  const usual: [string, Partial<WebhookSettings>][] = [
    ["Home Assistant", { url: `http://homeassistant.local:8123/api/webhook/claptrap-${source.id}` }],
    ["Node-RED", { url: "http://127.0.0.1:1880/clap" }],
    ["ntfy", { url: `https://ntfy.sh/claptrap-${source.id}`, enabled: false, content_type: "text/plain", template: "👏 {{ source_name }}: {{ claps }}" }],
  ];
  const here = new Set(source.webhooks.map(({ url }) => url));
  const like = sources.value.filter(({ id }) => id !== source.id).flatMap(({ name, webhooks }) => webhooks.map((webhook) => ({ name, webhook })))
    .filter(({ webhook: { url } }) => url && !url.includes(MASK) && !here.has(url))
    .filter(({ webhook: { url } }, index, all) => all.findIndex((other) => other.webhook.url === url) === index)
    .slice(0, MOST_LIKE);
  return (
    <p class="webhook-presets">
      <span class="muted">{t("webhooks.presets")}</span>
      {usual.map(([name, webhook]) => <button key={name} type="button" class="quiet small" onClick={() => onAdd(webhook)}>{name}</button>)}
      {like.map(({ name, webhook }) => (
        <button key={webhook.url} type="button" class="quiet small" title={webhook.url} onClick={() => onAdd(withoutSecrets(webhook))}>{t("webhooks.like", { name })}</button>
      ))}
    </p>
  );
}

/** What can be copied: secrets cannot be read back, and are given anew. */
function withoutSecrets({ id: _id, headers: _headers, signing_secret: _secret, ...rest }: WebhookSettings): Partial<WebhookSettings> {
  return rest;
}
