import { useSignal } from "@preact/signals";
import { Refused } from "../../api.ts";
import { type Key, said, t } from "../../i18n/index.ts";
import { changeSeen, inTurn, isElsewhere, same } from "../../saving.ts";
import { link, mqtt, problems, settings } from "../../store.ts";
import type { MqttSettings } from "../../wire.ts";
import { inWords } from "../../words.ts";
import { FormField } from "../../components/FormField.tsx";
import { Outcome } from "../../components/Outcome.tsx";
import type { ShapeName } from "../../components/Shape.tsx";
import { Switch } from "../../components/Switch.tsx";

const SHAPES: Record<typeof mqtt.value | "unknown", ShapeName> = { off: "ring", waiting: "half", connected: "disc", unknown: "triangle" };

/** The port as typed: what is no number is sent as it is, and refused with the reason. */
type Typed = Omit<MqttSettings, "port" | "max_age_s"> & { port: number | string; max_age_s: number | string };

/** The MQTT broker: a form that is sent as a whole, so that no half-typed broker is asked for. */
export function MqttPanel() {
  const known = settings.value?.mqtt;
  if (!known) return null;
  return (
    <section class="panel settings-group" aria-labelledby="settings-mqtt">
      <h2 id="settings-mqtt">{t("mqtt.title")}</h2>
      <p class="muted">{t("mqtt.intro")}</p>
      <LinkState />
      <p><a href={blueprint()} target="_blank" rel="noreferrer">{t("mqtt.blueprint")}</a></p>
      <BrokerForm known={known} />
    </section>
  );
}

/** Where Home Assistant takes up the blueprint that this ClapTrap serves. */
function blueprint(): string {
  const ours = new URL("home-assistant/blueprint.yaml", document.baseURI).href;
  return `https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url=${encodeURIComponent(ours)}`;
}

/** How the link is, and what is wrong with it. */
function LinkState() {
  const state = link.value === "lost" ? "unknown" : mqtt.value;
  return (
    <div class="mqtt-state" role="status">
      <p class={`mqtt-${state}`}><Outcome shape={SHAPES[state]} words={t(`mqtt.state_${state}` satisfies Key)} /></p>
      {problems.value.filter(({ code }) => code.startsWith("mqtt.")).map((problem) => (
        <p key={problem.code} class="save-state save-refused">{said(problem)}</p>
      ))}
    </div>
  );
}

/** What was typed as the number it is, or as it was typed, for the service to say what is wrong with it. */
function asNumber(typed: string): number | string {
  return typed !== "" && !Number.isNaN(Number(typed)) ? Number(typed) : typed;
}

function BrokerForm({ known }: { known: MqttSettings }) {
  const draft = useSignal<Typed | null>(null);
  const seen = useSignal(known);
  const faults = useSignal<Record<string, string>>({});
  const refusal = useSignal("");
  const done = useSignal("");
  const busy = useSignal(false);
  const shown: Typed = draft.value ?? known;

  const type = (change: Partial<Typed>) => {
    if (!draft.value) seen.value = known;
    draft.value = { ...shown, ...change };
    done.value = "";
  };
  const forget = () => {
    draft.value = null;
    faults.value = {};
    refusal.value = "";
  };
  const explain = (error: unknown) => {
    if (isElsewhere(error)) {
      refusal.value = t("mqtt.elsewhere");
      seen.value = settings.value?.mqtt ?? known; // who sends it again has read this
      return;
    }
    const found = error instanceof Refused ? (error.problem.faults ?? []) : [];
    faults.value = Object.fromEntries(found.map((fault) => [fault.path.replace(/^mqtt\./, ""), fault.message]));
    const isBeside = ({ path }: { path: string }) => document.getElementById(path) !== null;
    refusal.value = found.length && found.every(isBeside) ? "" : inWords(error);
  };
  const send = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    faults.value = {};
    refusal.value = "";
    const port = String(shown.port).trim();
    const wish = { ...shown, port: asNumber(port), max_age_s: asNumber(String(shown.max_age_s).trim()) };
    if (!draft.value) seen.value = known;
    await inTurn(() => changeSeen({ mqtt: wish }, () => same(settings.value?.mqtt, seen.value)))
      .then(() => { forget(); done.value = t("mqtt.saved"); }, explain);
    busy.value = false;
  };
  const field = (name: "host" | "port" | "ca_file" | "username" | "password" | "topic" | "discovery" | "max_age_s") => ({
    id: `mqtt.${name}`, value: String(shown[name]), fault: faults.value[name], half: true, dir: "ltr" as const,
    autocomplete: "off" as const, spellcheck: false, onType: (typed: string) => type({ [name]: typed }),
  });

  return (
    <form class="form" onSubmit={send} noValidate>
      <div class="field"><Switch id="mqtt.enabled" checked={shown.enabled} label={t("mqtt.enabled")} onChange={(enabled) => type({ enabled })} /></div>
      <FormField {...field("host")} label={t("mqtt.host")} placeholder="192.168.1.10" />
      <FormField {...field("port")} label={t("mqtt.port")} hint={t("mqtt.port_hint")} inputMode="decimal" />
      <FormField {...field("username")} label={t("mqtt.username")} />
      <FormField {...field("password")} label={t("mqtt.password")} hint={t("mqtt.password_hint")} type="password" autocomplete="new-password" />
      <div class="field"><Switch id="mqtt.tls" checked={shown.tls} label={t("mqtt.tls")} onChange={(tls) => type({ tls })} /></div>
      {shown.tls && (
        <>
          <div class="field half"><Switch id="mqtt.verify_tls" checked={shown.verify_tls} label={t("mqtt.verify")} onChange={(verify_tls) => type({ verify_tls })} /></div>
          <FormField {...field("ca_file")} label={t("mqtt.ca_file")} hint={t("mqtt.ca_hint")} />
        </>
      )}
      <FormField {...field("max_age_s")} label={t("webhooks.age")} hint={t("webhooks.age_hint")} inputMode="decimal" />
      <FormField {...field("topic")} label={t("mqtt.topic")} />
      <FormField {...field("discovery")} label={t("mqtt.discovery")} hint={t("mqtt.discovery_hint")} />
      <div class="field half">
        <label for="mqtt.version">{t("mqtt.version")}</label>
        <select id="mqtt.version" value={shown.version} onChange={(event) => type({ version: event.currentTarget.value === "5" ? "5" : "3.1.1" })}>
          <option value="5">MQTT 5</option>
          <option value="3.1.1">MQTT 3.1.1</option>
        </select>
      </div>
      <div class="field">
        {refusal.value && <p role="alert"><Outcome shape="cross" words={refusal.value} /></p>}
        <output class="muted">{done.value}</output>
        <p class="form-actions">
          {draft.value && <button type="button" class="quiet" onClick={forget}>{t("form.cancel")}</button>}
          <button type="submit" class="start" disabled={busy.value}>{t("form.save")}</button>
        </p>
      </div>
    </form>
  );
}
