import { isIn } from "../access.ts";
import { language, t } from "../i18n/index.ts";
import { edit, repeatRefused } from "../saving.ts";
import type { Language } from "../wire.ts";

export const LANGUAGES: [Language, string][] = [["fr", "Français"], ["en", "English"]];

/** Speaks `code` from now on, here and on every page of this service. */
export function speak(code: Language): void {
  language.value = code;
  if (!isIn.value) return; // nobody's settings yet: only this page's
  edit("language", code, 0);
  repeatRefused();
}

/** The language of the page and of what the service says. */
export function LanguageChoice() {
  return (
    <fieldset class="field choice">
      <legend>{t("footer.language")}</legend>
      <span class="counts">
        {LANGUAGES.map(([code, name]) => (
          <label key={code} class="count" lang={code}>
            <input type="radio" name="language" checked={language.value === code} onChange={() => speak(code)} />
            {name}
          </label>
        ))}
      </span>
    </fieldset>
  );
}
