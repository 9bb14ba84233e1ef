import { useComputed } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { onBeat } from "../beat.ts";
import { useFlash } from "../flash.ts";
import { ago, clock, percent, score } from "../i18n/format.ts";
import { soundName, t } from "../i18n/index.ts";
import { days, lastOf, newestClap, now } from "../store.ts";
import type { Label } from "../wire.ts";

/** When a source clapped last, and how surely; that it never did only where its history says so. */
export function LastClap({ sourceId, long = false }: { sourceId: string; long?: boolean }) {
  const words = useComputed(() => {
    const last = lastOf.value[sourceId];
    if (!last) return t("house.last_none");
    const when = long ? clock(last.timestamp) : ago(last.timestamp, now.value);
    return t(long ? "source.last" : "tile.last", { when, score: score(last.score) });
  });
  return <span class="last-clap muted">{words.value}</span>;
}

/** For so long a clap can be seen: long enough to look up from the other end of the room. */
export const GLOW_MS = 10_000;

/** The light of a source's last clap, behind what stands on its tile; it fades in steps, on the beat: an animation would ask for sixty frames a second. */
export function Glow({ sourceId }: { sourceId: string }) {
  const place = useRef<HTMLElement>(null);
  const last = useComputed(() => lastOf.value[sourceId]?.id).value;
  const glowing = useFlash(() => lastOf.value[sourceId]?.id, GLOW_MS).value;
  useLayoutEffect(() => {
    if (!glowing) return undefined;
    const since = performance.now();
    return onBeat(place.current!, ({ style }) => {
      const opacity = String(Math.max(0, Math.round(10 - (10 * (performance.now() - since)) / GLOW_MS) / 10));
      if (style.opacity !== opacity) style.opacity = opacity;
    });
  }, [glowing, last]);
  return glowing ? <i class="glow" key={last} ref={place} /> : null;
}

/** Announces each clap to screen readers, without taking the focus. */
export function Announcer() {
  const clap = newestClap.value;
  return (
    <p class="unseen" role="status" aria-live="polite">
      {clap && <span key={clap.id}>{t("house.announce", { source: clap.sourceName, score: score(clap.score) })}</span>}
    </p>
  );
}

const WIDE = 10; // of an hour, in the drawing's own units
const TALL = 20;
const WELL = 0.97; // of an hour heard is the whole hour

/** 24 hours of a source, an hour a bar: how many detections above, and whether it was heard below. */
export function DayBars({ sourceId }: { sourceId: string }) {
  const day = useComputed(() => days.value[sourceId]).value;
  if (!day) return <div class="day" />;
  const { live, detections } = day;
  const most = Math.max(4, ...detections);
  const count = detections.reduce((sum, one) => sum + one, 0);
  const heard = live.filter((share) => share !== null);
  const share = heard.reduce((sum, one) => sum + one, 0) / heard.length;
  const words = heard.length ? t("day.summary", { count, share: percent(share) }) : t("day.off", { count });
  const bars = (isShown: (hour: number) => number) => live.map((_, hour) => {
    const high = isShown(hour);
    return high > 0 ? `M${hour * WIDE + 1} ${TALL}v${-high}h${WIDE - 2}v${high}z` : "";
  }).join("");
  const strip = (isOne: (share: number | null) => boolean) => live.map((one, hour) => (isOne(one) ? `M${hour * WIDE + 1} 23h${WIDE - 2}v4h${2 - WIDE}z` : "")).join("");
  return (
    <svg class="day" viewBox={`0 0 ${24 * WIDE} 28`} preserveAspectRatio="none" role="img" aria-label={words}>
      <title>{words}</title>
      <path class="day-claps" d={bars((hour) => detections[hour] && Math.max(3, TALL * Math.sqrt(detections[hour]! / most)) || 0)} />
      <path class="day-off" d={strip((one) => one === null)} />
      <path class="day-up" d={strip((one) => one !== null && one >= WELL)} />
      <path class="day-partly" d={strip((one) => one !== null && one > 0 && one < WELL)} />
      <path class="day-down" d={strip((one) => one === 0)} />
    </svg>
  );
}

const CLAPPING = ["Clapping", "Hands"];
const MOST = 4;

/** What YAMNet calls a sound: its names are guesses, so they are shown to who asks; the clap first where it is among them. */
export function SoundNames({ labels }: { labels: Label[] }) {
  if (labels.length === 0) return null;
  const isClap = ({ label }: Label) => Number(CLAPPING.includes(label));
  const sorted = [...labels].sort((a, b) => isClap(b) - isClap(a)).slice(0, MOST);
  return (
    <details class="sound-names">
      <summary>{isClap(sorted[0]!) ? soundName(sorted[0]!) : t("sounds.names")}</summary>
      {sorted.map((sound) => `${soundName(sound)} ${percent(sound.score)}`).join(", ")}
    </details>
  );
}
