import { language, t } from "../i18n/index.ts";
import { edit, repeatRefused } from "../saving.ts";
import { version } from "../store.ts";
import type { Language } from "../wire.ts";

const languages: [Language, string][] = [["fr", "Français"], ["en", "English"]];

export function Footer() {
  return (
    <footer class="foot">
      <p>ClapTrap{version.value && ` · ${t("footer.version", { version: version.value })}`}</p>
      <div class="languages" role="group" aria-label={t("footer.language")}>
        {languages.map(([code, name]) => (
          <button
            key={code} type="button" lang={code} class="quiet" aria-pressed={language.value === code}
            onClick={() => {
              language.value = code;
              edit("language", code, 0);
              repeatRefused();
            }}
          >
            {name}
          </button>
        ))}
      </div>
    </footer>
  );
}
