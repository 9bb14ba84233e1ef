import type { ComponentChildren } from "preact";
import { AccessPanel } from "../../components/AccessPanel.tsx";
import { Title } from "../../components/Buttons.tsx";
import { LanguageChoice, ThemeChoice } from "../../components/Choice.tsx";
import { Field } from "../../components/Field.tsx";
import { ModelState } from "../../components/NamingModel.tsx";
import { type Key, t } from "../../i18n/index.ts";
import { linkTo } from "../../route.ts";
import { access, environment, nodes, version } from "../../store.ts";
import { View } from "../View.tsx";
import { Acting } from "./Acting.tsx";
import { BackupsPanel } from "./BackupsPanel.tsx";
import { ImportPanel } from "./ImportPanel.tsx";
import { MqttPanel } from "./MqttPanel.tsx";
import { NodesPanel } from "./NodesPanel.tsx";
import { Heartbeats, NotifyPanel } from "./NotifyPanel.tsx";
import { StepsPanel } from "./StepsPanel.tsx";

/** The pages of the settings, by the part of the address that names each. */
const PAGES: Record<string, { title: Key; show: () => ComponentChildren }> = {
  display: { title: "settings.display", show: () => <Group title="settings.display" intro="settings.display_intro"><LanguageChoice /><ThemeChoice /></Group> },
  acting: { title: "arming.title", show: () => <Acting /> },
  sounds: { title: "settings.sounds", show: () => <><Group title="settings.model"><ModelState /></Group><Group title="settings.keep" paths={["history.keep_days", "clips.keep_days", "clips.keep_mb"]} /></> },
  notify: { title: "notify.title", show: () => <><NotifyPanel /><Group title="alerts.title" paths={["alerts.unheard_after_s"]} /><Heartbeats /><Group title="notify.more" paths={["language", "public_url"]} /></> },
  mqtt: { title: "mqtt.title", show: () => <><MqttPanel /><Group title="wyoming.title" intro="wyoming.intro" paths={["wyoming.listen", "wyoming.forward"]} /></> },
  backups: { title: "settings.backups", show: () => <><StepsPanel /><BackupsPanel /></> },
  import: { title: "import.title", show: () => <ImportPanel /> },
  access: { title: "access.page", show: () => <>{!access.value?.ingress && <AccessPanel />}<Group title="setting.found" paths={["announce"]} /></> },
  nodes: { title: "nodes.title", show: () => <NodesPanel /> },
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
            {Object.entries(PAGES).filter(([id]) => id !== "nodes" || nodes.value.length > 0).map(([id, { title }]) => (
              <li key={id}><a href={linkTo.page("settings", id)} aria-current={id === shown ? "page" : undefined}>{t(title)}</a></li>
            ))}
          </ul>
        </nav>
        <div class="column" key={shown}>{PAGES[shown]!.show()}</div>
      </div>
    </View>
  );
}

/** Fields of settings that save themselves, or something else, under a title. */
function Group({ title, intro, paths, children }: { title: Key; intro?: Key; paths?: string[]; children?: ComponentChildren }) {
  return (
    <section class="panel settings-group" aria-label={t(title)}>
      <Title of={title} />
      {intro && <p class="muted">{t(intro)}</p>}
      {paths && <div class="options">{paths.map((path) => <Field key={path} path={path} />)}</div>}
      {children}
    </section>
  );
}

/** Which ClapTrap this is, what its environment decides, and where to read and ask more. */
function About() {
  return (
    <Group title="settings.about">
      <p>ClapTrap {t("footer.version", { version: version.value })}</p>
      <h3>{t("about.environment")}</h3>
      {environment.value.length === 0 && <p class="muted">{t("about.environment_none")}</p>}
      {environment.value.length > 0 && (
        <ul class="changes">
          {environment.value.map(({ variable, option, value, near }) => (
            <li key={variable}>
              <code dir="ltr">{variable}</code>
              <span dir="auto">{option || value ? value : t(near ? "about.unknown_near" : "about.unknown", { near })}</span>
            </li>
          ))}
        </ul>
      )}
      <p><a href="api/docs">{t("about.api")}</a></p>
      <p>
        <a href="api/support-bundle" download>{t("support.link")}</a>
        <span class="hint">{t("support.detail")}</span>
      </p>
    </Group>
  );
}
