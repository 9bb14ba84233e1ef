import { t } from "../../i18n/index.ts";
import { AccessPanel } from "../../components/AccessPanel.tsx";
import { LanguageChoice } from "../../components/LanguageChoice.tsx";
import { ThemeChoice } from "../../components/ThemeChoice.tsx";
import { View } from "../View.tsx";
import { About } from "./About.tsx";
import { BackupsPanel } from "./BackupsPanel.tsx";
import { ImportPanel } from "./ImportPanel.tsx";
import { KeepPanel } from "./KeepPanel.tsx";
import { ModelState } from "./ModelState.tsx";
import { MqttPanel } from "./MqttPanel.tsx";
import { NotifyPanel } from "./NotifyPanel.tsx";
import { StepsPanel } from "./StepsPanel.tsx";

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
        <NotifyPanel />
        <MqttPanel />
        <KeepPanel />
        <StepsPanel />
        <BackupsPanel />
        <ImportPanel />
        <AccessPanel />
        <About />
      </div>
    </View>
  );
}
