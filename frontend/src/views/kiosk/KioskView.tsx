import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { keepAwake } from "../../awake.ts";
import { Announcer, GLOW_MS } from "../../components/Heard.tsx";
import { useFlash } from "../../flash.ts";
import { locale, timeOfDay } from "../../i18n/format.ts";
import { t } from "../../i18n/index.ts";
import { linkTo } from "../../route.ts";
import { newestClap, now } from "../../store.ts";
import { View } from "../View.tsx";
import { HomeStrip } from "../home/HomeStrip.tsx";
import { rooms } from "../home/rooms.ts";
import { Tile } from "../home/Wall.tsx";

const DAY = { from: 7, to: 22 }; // the hours in which it is bright
const DRIFT_PX = 6; // a minute here, a minute there, so that nothing burns in

/** The wall for a tablet on the wall: the whole screen, black, with a clock; dim at night but for a clap. */
export function KioskView() {
  const clapping = useFlash(() => newestClap.value?.id, GLOW_MS);
  const isFull = useSignal(Boolean(document.fullscreenElement));
  const when = new Date(60_000 * useComputed(() => Math.floor(now.value / 60)).value);
  const isNight = when.getHours() < DAY.from || when.getHours() >= DAY.to;
  useEffect(() => {
    const look = () => (isFull.value = Boolean(document.fullscreenElement));
    document.addEventListener("fullscreenchange", look);
    return () => document.removeEventListener("fullscreenchange", look);
  }, []);
  useEffect(keepAwake, []);
  const drift = when.getMinutes() % 2 ? DRIFT_PX : 0;
  return (
    <main class={`kiosk ${isNight && !clapping.value ? "kiosk-dim" : ""}`} data-view="kiosk" data-theme="dark" style={{ "--drift": `${drift}px` }}>
      <View title={t("kiosk.title")} titleHidden>
        <header class="kiosk-top">
          <time class="kiosk-clock numbers">{timeOfDay(when)}</time>
          <span class="muted">{when.toLocaleDateString(locale(), { weekday: "long", day: "numeric", month: "long" })}</span>
          <span class="kiosk-ways">
            {!isFull.value && document.fullscreenEnabled && <button type="button" class="quiet" onClick={() => void document.documentElement.requestFullscreen()}>{t("kiosk.full")}</button>}
            <a href={linkTo.house} onClick={() => isFull.value && void document.exitFullscreen()}>{t("kiosk.leave")}</a>
          </span>
        </header>
        <HomeStrip />
        <div class="kiosk-rooms">
          {rooms.value.map((room) => (
            <section key={room.name} aria-label={room.name || t("room.none")} style={{ "--tiles": room.sources.length }}>
              {rooms.value.length > 1 && <h2 dir="auto">{room.name || t("room.none")}</h2>}
              <div class="tiles">{room.sources.map((source) => <Tile key={source.id} source={source} />)}</div>
            </section>
          ))}
        </div>
        <Announcer />
      </View>
    </main>
  );
}
