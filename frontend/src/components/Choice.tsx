import { type Key, language, speak, t } from "../i18n/index.ts";
import { repeatRefused } from "../saving.ts";
import { theme, THEMES } from "../theme.ts";
import type { Language } from "../types.ts";

interface Props<Value extends string> {
  id: string;
  legend: string;
  options: { value: Value; words: string; lang?: string }[];
  chosen: Value;
  onChoose: (value: Value) => void;
}

/** One of a few, side by side. */
export function Choice<Value extends string>({ id, legend, options, chosen, onChoose }: Props<Value>) {
  return (
    <fieldset class="field choice" id={id}>
      <legend>{legend}</legend>
      <span class="counts">
        {options.map(({ value, words, lang }) => (
          <label key={value} class="count" lang={lang}>
            <input type="radio" name={id} checked={value === chosen} onChange={() => onChoose(value)} />
            <span>{words}</span>
          </label>
        ))}
      </span>
    </fieldset>
  );
}

/** Dark, light, or as this device is set. */
export function ThemeChoice() {
  const options = THEMES.map((value) => ({ value, words: t(`theme.${value}` satisfies Key) }));
  return <Choice id="theme" legend={t("theme.title")} options={options} chosen={theme.value} onChoose={(one) => (theme.value = one)} />;
}

export const LANGUAGES = [
  { value: "fr", words: "Français", lang: "fr" },
  { value: "en", words: "English", lang: "en" },
] as const satisfies { value: Language; words: string; lang: string }[];

/** Speaks `code` on this device from now on. */
export function speakHere(code: Language): void {
  speak(code);
  repeatRefused();
}

/** The language of the page on this device. */
export function LanguageChoice() {
  return <Choice id="page-language" legend={t("footer.language")} options={[...LANGUAGES]} chosen={language.value} onChoose={speakHere} />;
}
