import { isShutOut } from "../access.ts";
import { t } from "../i18n/index.ts";
import { linkTo, route } from "../route.ts";
import { AddButton, AddDialog } from "../views/add/AddDialog.tsx";
import { HistoryView } from "../views/history/HistoryView.tsx";
import { HouseView } from "../views/house/HouseView.tsx";
import { CalibrateView } from "../views/learn/CalibrateView.tsx";
import { SettingsView } from "../views/settings/SettingsView.tsx";
import { SourceView } from "../views/source/SourceView.tsx";
import { StartView } from "../views/start/StartView.tsx";
import { Announcer } from "./Announcer.tsx";
import { Footer } from "./Footer.tsx";
import { Header } from "./Header.tsx";
import { Login } from "./Login.tsx";
import { Nav } from "./Nav.tsx";
import { Problems } from "./Problems.tsx";
import { UndoBar } from "./UndoBar.tsx";

export function App() {
  return isShutOut.value ? <Outside /> : <Inside />;
}

function Outside() {
  return <><Header home={linkTo.house} /><Login /><Footer /></>;
}

function Inside() {
  return (
    <>
      <button type="button" class="skip" onClick={() => document.querySelector<HTMLElement>("main h1")?.focus()}>{t("nav.skip")}</button>
      <Header home={linkTo.house}><Nav /><AddButton /></Header>
      <main data-view={route.value.view}>
        <Problems />
        <CurrentView />
      </main>
      <Footer><p><a href={linkTo.start}>{t("start.title")}</a></p></Footer>
      <AddDialog />
      <Announcer />
      <UndoBar />
    </>
  );
}

function CurrentView() {
  const { view, id } = route.value;
  switch (view) {
    case "source": return <SourceView key={id} id={id} />;
    case "calibrate": return <CalibrateView key={id} id={id} />;
    case "history": return <HistoryView />;
    case "settings": return <SettingsView page={id} />;
    case "start": return <StartView />;
    default: return <HouseView />;
  }
}
