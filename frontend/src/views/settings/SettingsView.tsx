import type { ComponentChildren } from "preact";
import { AccessPanel } from "../../components/AccessPanel.tsx";
import { LanguageChoice, ServiceLanguage } from "../../components/LanguageChoice.tsx";
import { SavedSwitch } from "../../components/SavedSwitch.tsx";
import { ThemeChoice } from "../../components/ThemeChoice.tsx";
import { type Key, t } from "../../i18n/index.ts";
import { linkTo } from "../../route.ts";
import { settings } from "../../store.ts";
import { View } from "../View.tsx";
import { About } from "./About.tsx";
import { BackupsPanel } from "./BackupsPanel.tsx";
import { ImportPanel } from "./ImportPanel.tsx";
import { KeepPanel } from "./KeepPanel.tsx";
import { ModelState } from "./ModelState.tsx";
import { MqttPanel } from "./MqttPanel.tsx";
import { NotifyPanel } from "./NotifyPanel.tsx";
import { StepsPanel } from "./StepsPanel.tsx";
import { WyomingPanel } from "./WyomingPanel.tsx";

/** The pages of the settings, by the part of the address that names each. */
const PAGES: Record<string, { title: Key; show: () => ComponentChildren }> = {
  display: { title: "settings.display", show: () => <Display /> },
  acting: { title: "arming.title", show: () => <Acting /> },
  sounds: { title: "settings.sounds", show: () => <><Model /><KeepPanel /></> },
  notify: { title: "notify.title", show: () => <><NotifyPanel /><NotifyLanguage /></> },
  mqtt: { title: "mqtt.title", show: () => <><MqttPanel /><WyomingPanel /></> },
  backups: { title: "settings.backups", show: () => <><StepsPanel /><BackupsPanel /></> },
  import: { title: "import.title", show: () => <ImportPanel /> },
  access: { title: "access.title", show: () => <AccessPanel /> },
  about: { title: "settings.about", show: () => <About /> },
};
const FIRST = "display";

/** What holds for the whole house, a page for each matter. */
export function SettingsView({ page }: { page: string }) {
  const shown = page in PAGES ? page : FIRST;
  return (
    <View title={t("view.settings")}>
      <div class="settings-view">
        <nav class="sections" aria-label={t("settings.sections")}>
          <ul>
            {Object.entries(PAGES).map(([id, { title }]) => (
              <li key={id}><a href={linkTo.settingsPage(id)} aria-current={id === shown ? "page" : undefined}>{t(title)}</a></li>
            ))}
          </ul>
        </nav>
        <div class="column" key={shown}>{PAGES[shown]!.show()}</div>
      </div>
    </View>
  );
}

/** When detections act, and what is one detection. */
function Acting() {
  const known = settings.value;
  if (!known) return null;
  return (
    <section class="panel settings-group" aria-labelledby="settings-acting">
      <h2 id="settings-acting">{t("arming.title")}</h2>
      <div class="field">
        <SavedSwitch path="when.armed" label={t("arming.armed")} checked={known.when.armed} />
        <p class="hint">{t("arming.armed_hint")}</p>
      </div>
      <div class="field">
        <SavedSwitch path="merge_rooms" label={t("rooms.merge")} checked={known.merge_rooms} />
        <p class="hint">{t("rooms.merge_hint")}</p>
      </div>
    </section>
  );
}

function Display() {
  return (
    <section class="panel settings-group" aria-labelledby="settings-display">
      <h2 id="settings-display">{t("settings.display")}</h2>
      <p class="muted">{t("settings.display_intro")}</p>
      <LanguageChoice />
      <ThemeChoice />
    </section>
  );
}

function NotifyLanguage() {
  if (!settings.value) return null;
  return <section class="panel" aria-label={t("notify.language")}><ServiceLanguage value={settings.value.language} /></section>;
}

function Model() {
  return (
    <section class="panel settings-group" aria-labelledby="settings-model">
      <h2 id="settings-model">{t("settings.model")}</h2>
      <ModelState />
    </section>
  );
}
