import { t } from "../i18n/index.ts";

/** The way to a file for somebody who helps. */
export function SupportBundle() {
  return (
    <p>
      <a href="api/support-bundle" download>{t("support.link")}</a>
      <span class="hint">{t("support.detail")}</span>
    </p>
  );
}
