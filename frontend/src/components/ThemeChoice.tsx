import { type Key, t } from "../i18n/index.ts";
import { THEMES, theme } from "../theme.ts";

/** Dark, light, or as this device is set. */
export function ThemeChoice() {
  return (
    <fieldset class="field choice">
      <legend>{t("theme.title")}</legend>
      <span class="counts">
        {THEMES.map((one) => (
          <label key={one} class="count">
            <input type="radio" name="theme" checked={theme.value === one} onChange={() => (theme.value = one)} />
            {t(`theme.${one}` satisfies Key)}
          </label>
        ))}
      </span>
    </fieldset>
  );
}
