import { t } from "../../i18n/index.ts";
import { opened } from "../../store.ts";
import { View } from "../View.tsx";
import { Activity } from "./Activity.tsx";
import { Beside } from "./Beside.tsx";
import { isFew } from "./rooms.ts";
import { HomeStrip } from "./HomeStrip.tsx";
import { SoundsHeard } from "./SoundsHeard.tsx";
import { Wall } from "./Wall.tsx";

/** The whole house at a glance; a source that was tapped stands beside the others. */
export function HomeView({ id }: { id: string }) {
  const beside = isFew.value ? "" : id; // a card has all of it already
  return (
    <View title={t("view.house")} titleHidden>
      <div class={`home ${beside ? "home-beside" : ""}`}>
        <HomeStrip />
        <div class="wall"><Wall /></div>
        {opened.value && (beside
          ? <Beside key={beside} id={beside} />
          : <div class="rail"><Activity /><SoundsHeard /></div>)}
      </div>
    </View>
  );
}
