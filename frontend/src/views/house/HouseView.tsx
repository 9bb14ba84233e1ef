import { Deliveries } from "../../components/Deliveries.tsx";
import { Detections } from "../../components/Detections.tsx";
import { SourceCard } from "../../components/SourceCard.tsx";
import { t } from "../../i18n/index.ts";
import { opened, sources } from "../../store.ts";
import { View } from "../View.tsx";
import { HouseEar } from "./HouseEar.tsx";
import { SoundsHeard } from "./SoundsHeard.tsx";

/** The whole house at a glance: whether it listens, what it heard, and its deliveries. */
export function HouseView() {
  return (
    <View title={t("view.house")} titleHidden>
      <div class="house">
        <div class="side">
          <HouseEar />
          {opened.value && <SoundsHeard />}
        </div>
        <div class="rest">
          <div class="sources">
            {sources.value.map((source) => <SourceCard key={source.id} source={source} />)}
          </div>
          {opened.value && <Detections />}
          {opened.value && <Deliveries />}
        </div>
      </div>
    </View>
  );
}
