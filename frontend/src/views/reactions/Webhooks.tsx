import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { ask, changeSettings } from "../../api.ts";
import { Title } from "../../components/Buttons.tsx";
import { Fields } from "../../components/Field.tsx";
import { WebhookField } from "../../components/WebhookField.tsx";
import { useDeed } from "../../deed.tsx";
import { t } from "../../i18n/index.ts";
import { freeId } from "../../ids.ts";
import { discardAll } from "../../saving.ts";
import { sources } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import type { WebhookSettings } from "../../wire.ts";
import { Body, Headers } from "./Body.tsx";

const MOST = 16;

/** The webhooks of a source, each with its own settings. */
export function Webhooks({ source }: { source: SourceSettings }) {
  const { change, fault } = useDeed();
  const added = useSignal("");
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => void (added.value && list.current?.querySelector<HTMLElement>(".webhook:last-child input[type=url]")?.focus()), [added.value]);
  const add = (preset: Partial<WebhookSettings> = {}) => {
    const id = freeId("webhook", source.webhooks.map((one) => one.id), source.webhooks.length === 0);
    added.value = ""; // the same id may come again
    void change(() => changeSettings({ sources: [{ id: source.id, webhooks: [{ ...preset, id }] }] }), () => (added.value = id));
  };
  return (
    <section class="panel webhooks" aria-labelledby="webhooks-title">
      <Title id="webhooks-title" of="webhooks.title" about="field.webhook" />
      {source.webhooks.length === 0 && <p class="muted">{t("webhooks.none")}</p>}
      <div class="webhook-list" ref={list}>
        {source.webhooks.map((webhook, index) => <Webhook key={webhook.id} source={source} webhook={webhook} number={index + 1} />)}
      </div>
      {fault}
      {source.webhooks.length < MOST && <button type="button" class="quiet add-row" onClick={() => add()}>{t("webhooks.add")}</button>}
      {source.webhooks.length < MOST && <WebhookPresets source={source} onAdd={add} />}
    </section>
  );
}

function Webhook({ source, webhook, number }: { source: SourceSettings; webhook: WebhookSettings; number: number }) {
  const path = `sources.${source.id}.webhooks.${webhook.id}`;
  const { change, fault } = useDeed();
  const open = useSignal(false);
  const remove = () => change(() => ask("DELETE /api/sources/{source_id}/webhooks/{webhook_id}", { path: { source_id: source.id, webhook_id: webhook.id } }), () => {
    discardAll(`${path}.`);
    document.querySelector<HTMLElement>(".webhooks .add-row")?.focus();
  });
  const name = t("webhooks.number", { number });
  return (
    <fieldset class="webhook">
      <legend class="unseen">{name}</legend>
      <WebhookField source={source} webhook={webhook} label={source.webhooks.length > 1 ? name : t("field.webhook")} />
      <details class="more-options" onToggle={(event) => (open.value = event.currentTarget.open)}>
        <summary>{t("webhooks.options")}</summary>
        <div class="options">
          <Fields of={path} names={["max_age_s", "timeout_s", "idempotent", "max_attempts", "signing_secret", "ca_file", "verify_tls"]} />
          <Body path={path} sourceId={source.id} webhook={webhook} isOpen={open.value} />
          <Headers path={`${path}.headers`} headers={webhook.headers} />
        </div>
      </details>
      {fault}
      <button type="button" class="quiet" aria-label={t("webhooks.remove_named", { number })} onClick={remove}>{t("webhooks.remove")}</button>
    </fieldset>
  );
}

const MOST_LIKE = 4;
const MASK = "****";

/** Webhooks that are nearly ready: of the usual receivers, and like those of other sources. */
function WebhookPresets({ source, onAdd }: { source: SourceSettings; onAdd: (webhook: Partial<WebhookSettings>) => void }) {
  const usual: [string, Partial<WebhookSettings>][] = [
    ["Home Assistant", { url: `http://homeassistant.local:8123/api/webhook/claptrap-${source.id}` }],
    ["Node-RED", { url: "http://127.0.0.1:1880/clap" }],
    ["ntfy", { url: `https://ntfy.sh/claptrap-${crypto.getRandomValues(new Uint32Array(3)).reduce((topic, part) => topic + part.toString(36), "")}`, enabled: false, content_type: "text/plain", template: "👏 {{ source_name }}: {{ claps }}" }],
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
