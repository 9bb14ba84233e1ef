import { type Key, t } from "../../i18n/index.ts";
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

/** The panels: the id of each heading, and what it says. */
const SECTIONS = [
  ["settings-display", "settings.display"], ["settings-model", "settings.model"], ["settings-notify", "notify.title"],
  ["settings-mqtt", "mqtt.title"], ["settings-keep", "settings.keep"], ["settings-steps", "steps.title"],
  ["settings-backups", "backups.title"], ["settings-import", "import.title"], ["access-title", "access.title"],
  ["settings-about", "settings.about"],
] as const satisfies [string, Key][];

/** What holds for the whole house. */
export function SettingsView() {
  return (
    <View title={t("view.settings")}>
      <div class="settings-view">
      <Sections />
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
      </div>
    </View>
  );
}

/** The way to each panel; no links, for the part of an address behind the # is the view. */
function Sections() {
  const jump = (id: string) => {
    const heading = document.getElementById(id);
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    heading.closest("section")?.scrollIntoView();
  };
  return (
    <nav class="sections" aria-label={t("settings.sections")}>
      <ul>
        {SECTIONS.map(([id, title]) => <li key={id}><button type="button" class="quiet small" onClick={() => jump(id)}>{t(title)}</button></li>)}
      </ul>
    </nav>
  );
}
