import type { ComponentChildren } from "preact";
import { access } from "../access.ts";
import { language, t } from "../i18n/index.ts";
import { dev, version } from "../store.ts";
import { LANGUAGES, speakHere } from "./LanguageChoice.tsx";
import { LogOut } from "./LogOut.tsx";
import { SelfTests } from "./SelfTests.tsx";

export function Footer({ children }: { children?: ComponentChildren }) {
  return (
    <footer class="foot">
      <p>ClapTrap{version.value && ` · ${t("footer.version", { version: version.value })}`}</p>
      {children}
      {dev.value && <SelfTests />}
      <div class="languages" role="group" aria-label={t("footer.language")}>
        {LANGUAGES.map(({ value: code, words }) => (
          <button key={code} type="button" lang={code} class="quiet" aria-pressed={language.value === code} onClick={() => speakHere(code)}>
            {words}
          </button>
        ))}
      </div>
      {access.value?.state === "in" && <LogOut />}
    </footer>
  );
}
