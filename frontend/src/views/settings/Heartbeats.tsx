import { changeSettings } from "../../api.ts";
import { Fields } from "../../components/Field.tsx";
import { useDeed } from "../../deed.tsx";
import { t } from "../../i18n/index.ts";
import { freeId } from "../../ids.ts";
import { settings } from "../../store.ts";

const MOST = 8;

/** Addresses that are called while all is well: who is not called any more raises the alarm. */
export function Heartbeats() {
  const known = settings.value?.heartbeats ?? [];
  const { change, fault } = useDeed();
  const add = () => change(() => changeSettings({ heartbeats: [{ id: freeId("heartbeat", known.map(({ id }) => id)) }] }));
  return (
    <section class="panel settings-group" aria-labelledby="settings-heartbeats">
      <h2 id="settings-heartbeats">{t("heartbeat.title")}</h2>
      <p class="muted">{t("heartbeat.intro")}</p>
      {known.map(({ id }, index) => (
        <fieldset key={id} class="webhook">
          <legend class="unseen">{t("heartbeat.number", { number: index + 1 })}</legend>
          <div class="options"><Fields of={`heartbeats.${id}`} names={["url", "every_s", "enabled", "verify_tls"]} /></div>
        </fieldset>
      ))}
      {fault}
      {known.length < MOST && <button type="button" class="quiet add-row" onClick={add}>{t("heartbeat.add")}</button>}
    </section>
  );
}
