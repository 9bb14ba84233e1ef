import { useSignal } from "@preact/signals";
import { ask } from "../../api.ts";
import { AskFirst } from "../../components/Buttons.tsx";
import { useDeed } from "../../deed.tsx";
import { decimal } from "../../i18n/format.ts";
import { t } from "../../i18n/index.ts";
import { detections, newestClip, opened, takeSnapshot } from "../../store.ts";
import { useAnswer } from "../../useAnswer.ts";
import { View } from "../View.tsx";
import { Calendar } from "./Calendar.tsx";
import { DeliveryList } from "./DeliveryList.tsx";
import { Filters } from "./Filters.tsx";
import { Found } from "./Found.tsx";
import { PerHour } from "./Timeline.tsx";
import { Weeks } from "./Weeks.tsx";
import { forgotten } from "./filter.ts";

/**
 * What was heard, how often, and its deliveries. Looks again whenever something new is heard, or forgotten, and at the
 * sounds also when one was kept.
 */
export function HistoryView() {
  const newest = `${detections.value[0]?.id} ${forgotten.value}`;
  const playable = `${newest} ${newestClip.value}`;
  return (
    <View title={t("view.history")}>
      {opened.value && (
        <div class="column">
          <section class="panel" aria-label={t("history.filters")}><Filters /></section>
          <Found newest={playable} />
          <Statistics newest={newest} />
          <DeliveryList newest={newest} />
          <Forget newest={playable} />
        </div>
      )}
    </View>
  );
}

/** How many were heard, by day and by hour, and what each source did by week; asked for once somebody looks. */
function Statistics({ newest }: { newest: string }) {
  const open = useSignal(false);
  return (
    <details class="panel statistics" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary><h2>{t("history.statistics")}</h2></summary>
      {open.value && <><Calendar newest={newest} /><PerHour newest={newest} /><Weeks /></>}
    </details>
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
