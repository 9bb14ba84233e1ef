import { ask } from "../../api.ts";
import { AskFirst } from "../../components/Buttons.tsx";
import { useDeed } from "../../deed.tsx";
import { decimal } from "../../i18n/format.ts";
import { t } from "../../i18n/index.ts";
import { linkTo } from "../../route.ts";
import { detections, forgotten, newestClip, opened, takeSnapshot } from "../../store.ts";
import { useAnswer } from "../../useAnswer.ts";
import { Tabs, View } from "../View.tsx";
import { Calendar } from "./Calendar.tsx";
import { DeliveryList } from "./DeliveryList.tsx";
import { Filters } from "./Filters.tsx";
import { Found } from "./Found.tsx";
import { PerHour } from "./Timeline.tsx";
import { Weeks } from "./Weeks.tsx";

const PAGES = { "": "history.found", deliveries: "deliveries.title", statistics: "history.statistics" } as const;
const isPage = (page: string): page is keyof typeof PAGES => page in PAGES;

/**
 * What was heard, its deliveries, and how often: a page each. Looks again whenever something new is heard, or forgotten, and
 * at the sounds also when one was kept.
 */
export function HistoryView({ page }: { page: string }) {
  const shown = isPage(page) ? page : "";
  const newest = `${detections.value[0]?.id} ${forgotten.value}`;
  const playable = `${newest} ${newestClip.value}`;
  return (
    <View title={t("view.history")}>
      {opened.value && (
        <>
          <div class="ways"><Tabs label={t("history.pages")} here={linkTo.page("history", shown)} tabs={Object.entries(PAGES).map(([id, title]) => [linkTo.page("history", id), t(title)])} /></div>
          <div class="column">
            {shown !== "deliveries" && <section class="panel" aria-label={t("history.filters")}><Filters /></section>}
            {shown === "" && <><Found newest={playable} /><Forget newest={playable} /></>}
            {shown === "deliveries" && <DeliveryList newest={newest} />}
            {shown === "statistics" && <section class="panel statistics" aria-label={t("history.statistics")}><Calendar newest={newest} /><PerHour newest={newest} /><Weeks /></section>}
          </div>
        </>
      )}
    </View>
  );
}

const MEGABYTE = 1e6;

/** What is kept, and how to be rid of it: sounds only, or everything. Asks before. */
function Forget({ newest }: { newest: string }) {
  const { act, said, fault } = useDeed();
  const { answer } = useAnswer(() => ask("GET /api/clips"), [newest]).value;
  const deleteSounds = () => act(() => ask("DELETE /api/clips"), ({ deleted }) => (forgotten.value += 1, t("history.sounds_deleted", { count: deleted })));
  const deleteAll = () => act(() => ask("DELETE /api/history"), ({ deleted }) => {
    forgotten.value += 1;
    void ask("GET /api/state").then(takeSnapshot, () => undefined); // the home page shows them, too; the next state says the same
    return t("history.forgotten", { count: deleted });
  });
  return (
    <section class="panel settings-group" aria-labelledby="kept-title">
      <h2 id="kept-title">{t("history.kept")}</h2>
      {answer && <p>{t("history.clips_kept", { count: answer.clips, size: decimal(answer.size_bytes / MEGABYTE, 1), days: answer.keep_days, most: answer.keep_mb })}</p>}
      <div class="downloads">
        <AskFirst label={t("history.delete_sounds")} question={t("history.delete_sounds_sure")} onSure={deleteSounds} />
        <AskFirst label={t("history.delete_all")} question={t("history.delete_all_sure")} onSure={deleteAll} />
      </div>
      {said}
      {fault}
    </section>
  );
}
