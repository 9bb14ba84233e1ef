import { useSignal } from "@preact/signals";
import { t } from "../../i18n/index.ts";
import { detections, newestClip, opened } from "../../store.ts";
import { View } from "../View.tsx";
import { Calendar } from "./Calendar.tsx";
import { DeliveryList } from "./DeliveryList.tsx";
import { Filters } from "./Filters.tsx";
import { Forget } from "./Forget.tsx";
import { forgotten } from "./filter.ts";
import { Found } from "./Found.tsx";
import { PerHour } from "./PerHour.tsx";

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

/** How many were heard, by day and by hour; asked for once somebody looks. */
function Statistics({ newest }: { newest: string }) {
  const open = useSignal(false);
  return (
    <details class="panel statistics" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary><h2>{t("history.statistics")}</h2></summary>
      {open.value && <><Calendar newest={newest} /><PerHour newest={newest} /></>}
    </details>
  );
}
