import { useSignal } from "@preact/signals";
import { Title } from "../../components/Buttons.tsx";
import { type Key, said, t } from "../../i18n/index.ts";
import { changeSeen, inTurn } from "../../saving.ts";
import { link, mqtt, problems, settings } from "../../store.ts";
import { useWholeForm } from "../../useWholeForm.ts";
import type { MqttSettings } from "../../wire.ts";
import { FormFields } from "../../components/FormField.tsx";
import { Outcome, type ShapeName } from "../../components/Shape.tsx";

const SHAPES: Record<typeof mqtt.value | "unknown", ShapeName> = { off: "ring", waiting: "half", connected: "disc", unknown: "triangle" };

/** The MQTT broker: a form that is sent as a whole, so that no half-typed broker is asked for. */
export function MqttPanel() {
  const known = settings.value?.mqtt;
  if (!known) return null;
  return (
    <section class="panel settings-group" aria-labelledby="settings-mqtt">
      <Title id="settings-mqtt" of="mqtt.title" />
      <p class="muted">{t("mqtt.intro")}</p>
      <LinkState />
      <p><a href={blueprint()} target="_blank" rel="noreferrer">{t("mqtt.blueprint")}</a></p>
      <BrokerForm known={known} />
    </section>
  );
}

/** Where Home Assistant takes up the blueprint that this ClapTrap serves. */
const blueprint = () =>
  `https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url=${encodeURIComponent(new URL("home-assistant/blueprint.yaml", document.baseURI).href)}`;

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

const NAMES = ["enabled", "host", "port", "username", "password", "tls"];
const WITH_TLS = ["verify_tls", "ca_file"];
const MORE = ["max_age_s", "topic", "discovery", "version"];

function BrokerForm({ known }: { known: MqttSettings }) {
  const draft = useSignal<Record<string, unknown> | null>(null);
  const done = useSignal("");
  const form = useWholeForm({ current: () => settings.value?.mqtt, elsewhere: () => t("mqtt.elsewhere"), prefix: /^mqtt\./, idOf: (field) => `mqtt.${field}` });
  const { faults, refusal, busy, seen } = form;
  const shown = draft.value ?? { ...known };
  const see = () => draft.value || (seen.value = known);
  const set = (name: string, value: unknown) => {
    see();
    draft.value = { ...shown, [name]: value };
    done.value = "";
  };
  const forget = () => {
    draft.value = null;
    form.clear();
  };
  const save = () => {
    see();
    return inTurn(() => changeSeen(() => ({ mqtt: shown }), form.isAsSeen));
  };
  return (
    <form class="form" onSubmit={form.send(save, () => { forget(); done.value = t("mqtt.saved"); })} noValidate>
      <FormFields scope="mqtt" of="mqtt" names={[...NAMES, ...(shown["tls"] ? WITH_TLS : []), ...MORE]} values={shown} faults={faults.value} set={set} />
      <div class="field">
        {refusal.value && <p role="alert"><Outcome shape="cross" words={refusal.value} /></p>}
        <output class="muted">{done.value}</output>
        <p class="form-actions">
          {draft.value && <button type="button" class="quiet" onClick={forget}>{t("form.cancel")}</button>}
          <button type="submit" class="start" disabled={busy}>{t("form.save")}</button>
        </p>
      </div>
    </form>
  );
}
