import { t } from "../i18n/index.ts";

/** Downloads the support bundle. */
export function SupportBundle() {
  return (
    <p>
      <a href="api/support-bundle" download>{t("support.link")}</a>
      <span class="hint">{t("support.detail")}</span>
    </p>
  );
}
