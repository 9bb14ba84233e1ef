import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { Activity } from "../../components/Activity.tsx";
import { Coming, HowToNameSounds } from "../../components/NamingModel.tsx";
import { percent } from "../../i18n/format.ts";
import { soundName, t } from "../../i18n/index.ts";
import { heard, labelsOn, model, opened } from "../../store.ts";
import { View } from "../View.tsx";
import { HomeStrip } from "./HomeStrip.tsx";
import { Beside, Wall } from "./Wall.tsx";
import { isFew } from "./rooms.ts";

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
          : <div class="rail"><SoundsHeard /><Activity /></div>)}
      </div>
    </View>
  );
}

const SHOWN = 5;
const FADE_MS = 4000;

/** What YAMNet hears just now; or how its file comes; or how to get it. */
function SoundsHeard() {
  return (
    <details class="panel sounds" open={(!labelsOn.value && model.value !== null) || undefined}>
      <summary><h2>{t("sounds.title")}</h2></summary>
      {labelsOn.value ? <Sounds /> : model.value ? <Coming progress={model.value} /> : <HowToNameSounds />}
    </details>
  );
}

function Sounds() {
  const stale = useSignal(true);
  const sounds = useComputed(() => (heard.value?.detected ?? []).slice(0, SHOWN));
  useSignalEffect(() => {
    if (!heard.value) return;
    stale.value = false;
    const timer = setTimeout(() => (stale.value = true), FADE_MS);
    return () => clearTimeout(timer);
  });
  if (sounds.value.length === 0) return <p class="muted">{t("sounds.waiting")}</p>;
  return (
    <ul class={`sound-list ${stale.value ? "sound-stale" : ""}`}>
      {sounds.value.map((sound) => (
        <li key={sound.label}>
          <span class="sound-name" dir="auto" title={soundName(sound)}>{soundName(sound)}</span>
          <span class="sound-score">{percent(sound.score)}</span>
          <meter class="unseen" min={0} max={1} value={sound.score} aria-hidden="true" />
          <i class="bar"><i style={{ transform: `scaleX(${sound.score.toFixed(2)})` }} /></i>
        </li>
      ))}
    </ul>
  );
}
