import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { changeSettings, readSettings, removeWebhook } from "../../api.ts";
import { ClapsFilter } from "../../components/ClapsFilter.tsx";
import { Outcome } from "../../components/Outcome.tsx";
import { SavedField } from "../../components/SavedField.tsx";
import { SavedSwitch } from "../../components/SavedSwitch.tsx";
import { WebhookField } from "../../components/WebhookField.tsx";
import { t } from "../../i18n/index.ts";
import { takeOwn } from "../../offers.ts";
import { discardAll, inTurn } from "../../saving.ts";
import type { SourceSettings } from "../../types.ts";
import type { WebhookSettings } from "../../wire.ts";
import { inWords } from "../../words.ts";
import { Body } from "./Body.tsx";
import { Headers } from "./Headers.tsx";
import { WebhookPresets } from "./WebhookPresets.tsx";

const MOST = 16;

/** The webhooks of a source, each with its own settings. */
export function Webhooks({ source }: { source: SourceSettings }) {
  const refusal = useSignal("");
  const added = useSignal("");
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (added.value) list.current?.querySelector<HTMLElement>(".webhook:last-child input[type=url]")?.focus();
  }, [added.value]);
  const add = async (preset: Partial<WebhookSettings> = {}) => {
    const id = freeId(source.webhooks);
    refusal.value = added.value = ""; // the same id may come again
    await inTurn(() => changeSettings({ sources: [{ id: source.id, webhooks: [{ ...preset, id }] }] }).then(takeOwn))
      .then(() => (added.value = id), (error: unknown) => (refusal.value = inWords(error)));
  };
  return (
    <section class="panel webhooks" aria-labelledby="webhooks-title">
      <h2 id="webhooks-title">{t("webhooks.title")}</h2>
      {source.webhooks.length === 0 && <p class="muted">{t("webhooks.none")}</p>}
      <div class="webhook-list" ref={list}>
        {source.webhooks.map((webhook, index) => <Webhook key={webhook.id} source={source} webhook={webhook} number={index + 1} />)}
      </div>
      {refusal.value && <p role="alert"><Outcome shape="cross" words={refusal.value} /></p>}
      {source.webhooks.length < MOST && <button type="button" class="quiet add-row" onClick={() => add()}>{t("webhooks.add")}</button>}
      {source.webhooks.length < MOST && <WebhookPresets source={source} onAdd={(preset) => void add(preset)} />}
    </section>
  );
}

function freeId(webhooks: WebhookSettings[]): string {
  const taken = new Set(webhooks.map((webhook) => webhook.id));
  for (let number = 2; ; number++) if (!taken.has(`webhook-${number}`)) return `webhook-${number}`;
}

function Webhook({ source, webhook, number }: { source: SourceSettings; webhook: WebhookSettings; number: number }) {
  const path = `sources.${source.id}.webhooks.${webhook.id}`;
  const refusal = useSignal("");
  const open = useSignal(false);
  const remove = async () => {
    await inTurn(() => removeWebhook(source.id, webhook.id).then(readSettings).then(takeOwn))
      .then(() => discardAll(`${path}.`))
      .then(() => document.querySelector<HTMLElement>(".webhooks .add-row")?.focus(), (error: unknown) => (refusal.value = inWords(error)));
  };
  const name = t("webhooks.number", { number });
  return (
    <fieldset class="webhook">
      <legend class="unseen">{name}</legend>
      <WebhookField source={source} webhook={webhook} label={source.webhooks.length > 1 ? name : t("field.webhook")} />
      <ClapsFilter path={`${path}.claps`} claps={webhook.claps} />
      <SavedField path={`${path}.max_age_s`} label={t("webhooks.age")} value={webhook.max_age_s} min={1} max={604800} hint={t("webhooks.age_hint")} />
      <details class="more-options" onToggle={(event) => (open.value = event.currentTarget.open)}>
        <summary>{t("webhooks.options")}</summary>
        <div class="options">
          <SavedField path={`${path}.timeout_s`} label={t("webhooks.timeout")} value={webhook.timeout_s} min={0.1} max={60} hint={t("webhooks.timeout_hint")} />
          <div class="field">
            <SavedSwitch path={`${path}.idempotent`} label={t("webhooks.idempotent")} checked={webhook.idempotent} />
            <p class="hint">{t("webhooks.idempotent_hint")}</p>
          </div>
          <SavedField path={`${path}.max_attempts`} label={t("webhooks.attempts")} value={webhook.max_attempts} min={1} max={10} hint={t("webhooks.attempts_hint")} />
          <SavedField path={`${path}.signing_secret`} label={t("webhooks.secret")} value={webhook.signing_secret} type="password" hint={t("webhooks.secret_hint")} />
          <SavedField path={`${path}.ca_file`} label={t("webhooks.ca")} value={webhook.ca_file} placeholder="/etc/ssl/…/ca.pem" hint={t("webhooks.ca_hint")} />
          <div class="field"><SavedSwitch path={`${path}.verify_tls`} label={t("webhooks.verify")} checked={webhook.verify_tls} /></div>
          <Body path={path} sourceId={source.id} webhook={webhook} isOpen={open.value} />
          <Headers path={`${path}.headers`} headers={webhook.headers} />
        </div>
      </details>
      {refusal.value && <p role="alert"><Outcome shape="cross" words={refusal.value} /></p>}
      <button type="button" class="quiet" aria-label={t("webhooks.remove_named", { number })} onClick={remove}>{t("webhooks.remove")}</button>
    </fieldset>
  );
}
