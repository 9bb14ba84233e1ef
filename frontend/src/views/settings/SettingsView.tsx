import { t } from "../../i18n/index.ts";
import { version } from "../../store.ts";
import { AccessPanel } from "../../components/AccessPanel.tsx";
import { LanguageChoice } from "../../components/LanguageChoice.tsx";
import { SupportBundle } from "../../components/SupportBundle.tsx";
import { ThemeChoice } from "../../components/ThemeChoice.tsx";
import { View } from "../View.tsx";
import { ModelState } from "./ModelState.tsx";

/** What holds for the whole house. */
export function SettingsView() {
  return (
    <View title={t("view.settings")}>
      <div class="column">
        <section class="panel settings-group" aria-labelledby="settings-display">
          <h2 id="settings-display">{t("settings.display")}</h2>
          <LanguageChoice />
          <ThemeChoice />
        </section>
        <section class="panel settings-group" aria-labelledby="settings-model">
          <h2 id="settings-model">{t("settings.model")}</h2>
          <ModelState />
        </section>
        <AccessPanel />
        <section class="panel settings-group" aria-labelledby="settings-about">
          <h2 id="settings-about">{t("settings.about")}</h2>
          <p>ClapTrap {t("footer.version", { version: version.value })}</p>
          <SupportBundle />
        </section>
      </div>
    </View>
  );
}
