import { t } from "../../i18n/index.ts";
import { environment, version } from "../../store.ts";

/** Which ClapTrap this is, what its environment decides, and where to read and ask more. */
export function About() {
  return (
    <section class="panel settings-group" aria-labelledby="settings-about">
      <h2 id="settings-about">{t("settings.about")}</h2>
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
      <SupportBundle />
    </section>
  );
}

/** Downloads the support bundle. */
export function SupportBundle() {
  return (
    <p>
      <a href="api/support-bundle" download>{t("support.link")}</a>
      <span class="hint">{t("support.detail")}</span>
    </p>
  );
}
