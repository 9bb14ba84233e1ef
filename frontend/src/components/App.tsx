import type { ComponentChildren } from "preact";
import { language, t } from "../i18n/index.ts";
import { linkTo, route } from "../route.ts";
import { access, dev, isShutOut, version } from "../store.ts";
import { AddButton, AddDialog } from "../views/add/AddDialog.tsx";
import { HistoryView } from "../views/history/HistoryView.tsx";
import { HomeView } from "../views/home/HomeView.tsx";
import { KioskView } from "../views/kiosk/KioskView.tsx";
import { CalibrateView } from "../views/learn/CalibrateView.tsx";
import { SettingsView } from "../views/settings/SettingsView.tsx";
import { SourceView } from "../views/source/SourceView.tsx";
import { StartView } from "../views/start/StartView.tsx";
import { LANGUAGES, speakHere } from "./Choice.tsx";
import { Header, Nav, Problems, UndoBar } from "./Header.tsx";
import { Announcer } from "./Heard.tsx";
import { Login, LogOut } from "./Login.tsx";
import { SelfTests } from "./SelfTests.tsx";

export function App() {
  return isShutOut.value ? <Outside /> : <Inside />;
}

function Outside() {
  return <><Header home={linkTo.house} /><Login /><Footer /></>;
}

function Inside() {
  if (route.value.view === "kiosk") return <KioskView />;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.querySelector<HTMLElement>("main h1")?.focus()}>{t("nav.skip")}</button>
      <Header home={linkTo.house}><Nav /><div class="bar-slot"><Problems /><UndoBar /></div><AddButton /></Header>
      <main data-view={route.value.view}>
        <CurrentView />
      </main>
      <Footer><p><a href={linkTo.start}>{t("start.title")}</a> · <a href={linkTo.kiosk}>{t("kiosk.open")}</a></p></Footer>
      <AddDialog />
      <Announcer />
    </>
  );
}

function CurrentView() {
  const { view, id, tab } = route.value;
  switch (view) {
    case "source": return <SourceView key={id} id={id} tab={tab} />;
    case "calibrate": return <CalibrateView key={id} id={id} />;
    case "history": return <HistoryView page={id} />;
    case "settings": return <SettingsView page={id} />;
    case "start": return <StartView />;
    default: return <HomeView id={id} />;
  }
}

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
