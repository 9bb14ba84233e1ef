import { isShutOut } from "../access.ts";
import { choose, language, t } from "../i18n/index.ts";
import { editOnceKnown, repeatRefused } from "../saving.ts";
import type { Language } from "../types.ts";
import { SaveState } from "./SaveState.tsx";

export const LANGUAGES: [Language, string][] = [["fr", "Français"], ["en", "English"]];

/** Speaks `code` from now on, here and on every page of this service. */
export function speak(code: Language): void {
  if (isShutOut.value) { // not logged in: only for this page
    language.value = code;
    return;
  }
  choose(code);
  editOnceKnown("language", code);
  repeatRefused();
}

/** The language of the page and of what the service says. */
export function LanguageChoice() {
  return (
    <fieldset class="field choice" id="language" aria-describedby="language-state">
      <legend>{t("footer.language")}</legend>
      <span class="counts">
        {LANGUAGES.map(([code, name]) => (
          <label key={code} class="count" lang={code}>
            <input type="radio" name="language" checked={language.value === code} onChange={() => speak(code)} />
            {name}
          </label>
        ))}
      </span>
      <SaveState path="language" id="language-state" />
    </fieldset>
  );
}
