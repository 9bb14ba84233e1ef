import { Deliveries } from "../../components/Deliveries.tsx";
import { Detections } from "../../components/Detections.tsx";
import { t } from "../../i18n/index.ts";
import { opened } from "../../store.ts";
import { View } from "../View.tsx";

/** What was heard, and who was told of it. */
export function HistoryView() {
  return (
    <View title={t("view.history")}>
      <div class="column">
        {opened.value && <Detections />}
        {opened.value && <Deliveries />}
      </div>
    </View>
  );
}
