import { SavedField } from "../../components/SavedField.tsx";
import { t } from "../../i18n/index.ts";
import { settings } from "../../store.ts";

/** The wake-word service, for voice satellites and Home Assistant. */
export function WyomingPanel() {
  const known = settings.value?.wyoming;
  if (!known) return null;
  return (
    <section class="panel settings-group" aria-labelledby="settings-wyoming">
      <h2 id="settings-wyoming">{t("wyoming.title")}</h2>
      <p class="muted">{t("wyoming.intro")}</p>
      <div class="options">
        <SavedField path="wyoming.listen" label={t("wyoming.listen")} value={known.listen} placeholder="tcp://0.0.0.0:10400" hint={t("wyoming.listen_hint")} />
        <SavedField path="wyoming.forward" label={t("wyoming.forward")} value={known.forward} placeholder="tcp://127.0.0.1:10401" hint={t("wyoming.forward_hint")} />
      </div>
    </section>
  );
}
