import { type Key, t } from "../i18n/index.ts";
import { THEMES, theme } from "../theme.ts";
import { Choice } from "./Choice.tsx";

/** Dark, light, or as this device is set. */
export function ThemeChoice() {
  const options = THEMES.map((value) => ({ value, words: t(`theme.${value}` satisfies Key) }));
  return <Choice id="theme" legend={t("theme.title")} options={options} chosen={theme.value} onChoose={(one) => (theme.value = one)} />;
}
