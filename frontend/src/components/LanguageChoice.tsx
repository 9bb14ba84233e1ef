import { language, speak, t } from "../i18n/index.ts";
import { repeatRefused } from "../saving.ts";
import type { Language } from "../types.ts";
import { Choice } from "./Choice.tsx";

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
