import { t } from "../../i18n/index.ts";
import { settings } from "../../store.ts";
import { SavedField } from "../../components/SavedField.tsx";

/** How long detections and sounds are kept; saved as it is typed. */
export function KeepPanel() {
  const found = settings.value;
  if (!found) return null;
  const { history, clips } = found;
  return (
    <section class="panel settings-group" aria-labelledby="settings-keep">
      <h2 id="settings-keep">{t("settings.keep")}</h2>
      <div class="options">
        <SavedField path="history.keep_days" label={t("settings.keep_history")} value={history.keep_days} />
        <SavedField path="clips.keep_days" label={t("settings.keep_clips")} value={clips.keep_days} />
        <SavedField path="clips.keep_mb" label={t("settings.keep_mb")} value={clips.keep_mb} />
      </div>
      <p class="hint">{t("settings.keep_clips_hint")}</p>
    </section>
  );
}
