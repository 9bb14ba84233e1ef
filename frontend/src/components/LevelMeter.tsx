import { useLayoutEffect, useRef } from "preact/hooks";
import { onBeat } from "../beat.ts";
import { decimal } from "../i18n/format.ts";
import { language, t } from "../i18n/index.ts";
import { levels } from "../feeds.ts";
import { SILENCE_DBFS } from "../store.ts";

const FLOOR_DBFS = -60;
const HOLD_MS = 1500;
const FALL_PER_S = 0.3;
const WORDS_MS = 300; // as often as digits can be read
const UNREAD_MS = 10_000; // where only a screen reader asks
const STEP = 0.004; // of the meter: what moves by less is not drawn again
const TILE_STEP = 0.05; // 3 dB: a wall stands still while only the noise of its rooms moves

/** How far along a meter a level lies: 0 at −60 dBFS or less, 1 at full scale. */
export function loudness(dbfs: number): number {
  return Math.min(1, Math.max(0, 1 - dbfs / FLOOR_DBFS));
}

/** Live loudness with peak hold. On a beat that moves it, it moves two layers by transform, and now and then writes a text: no rendering. */
export function LevelMeter({ sourceId, live }: { sourceId: string; live: boolean }) {
  const meter = useRef<HTMLDivElement>(null);
  const cover = useRef<HTMLElement>(null);
  const hold = useRef<HTMLElement>(null);
  const value = useRef<HTMLOutputElement>(null);
  const wordedIn = language.value;

  // A layout effect ends with the elements; a plain one a frame later, when news may still come and nothing is left to write on.
  useLayoutEffect(() => {
    let level = SILENCE_DBFS;
    let fresh = -Infinity; // since it was last drawn: a wall is drawn on every second beat
    let loudest = SILENCE_DBFS; // since it was last put in words
    let [held, shownHeld, shownLong] = [0, -1, -1];
    let heldAt = 0;
    let shownAt = 0;
    let wordedAt = -WORDS_MS;
    let worded = SILENCE_DBFS;
    const isTile = !value.current!.offsetParent; // it leaves the digits out
    const [pause, step] = isTile ? [UNREAD_MS, TILE_STEP] : [WORDS_MS, STEP];
    const draw = () => {
      const now = performance.now();
      if (fresh > -Infinity) level = fresh;
      fresh = -Infinity;
      const long = loudness(level);
      if (now - shownAt > HOLD_MS) loudest = level; // it was not seen for a while
      const fallen = now - heldAt > HOLD_MS ? held - (FALL_PER_S * (now - shownAt)) / 1000 : held;
      if (long >= fallen) heldAt = now;
      held = Math.max(long, fallen);
      shownAt = now;
      if (Math.abs(long - shownLong) > step) cover.current!.style.transform = `scaleX(${(1 - (shownLong = long)).toFixed(3)})`;
      if (Math.abs(held - shownHeld) > 2 * step) hold.current!.style.transform = `translateX(${(((shownHeld = held) - 1) * 100).toFixed(1)}%)`;
      if (now - wordedAt < pause && (loudest <= worded || isTile)) return;
      wordedAt = now;
      worded = loudest;
      putInWords(meter.current!, value.current!, loudest);
      loudest = level;
    };
    draw();
    const stops = [onBeat(meter.current!, draw)];
    if (live) stops.push(levels.listen(sourceId, ({ peak_dbfs }) => {
      fresh = Math.max(fresh, peak_dbfs);
      loudest = Math.max(loudest, peak_dbfs);
    }));
    return () => stops.forEach((stop) => stop());
  }, [sourceId, live, wordedIn]);

  return (
    <div class="level">
      <div class="level-track" role="meter" aria-label={t("level.title")} aria-valuemin={FLOOR_DBFS} aria-valuemax={0} ref={meter}>
        <i class="level-cover" ref={cover} />
        <i class="level-hold" ref={hold} />
      </div>
      <output class="level-value" ref={value} aria-hidden="true" />
    </div>
  );
}

function putInWords(meter: Element, value: Element, dbfs: number): void {
  const text = dbfs <= SILENCE_DBFS ? t("level.silence") : t("level.value", { level: decimal(dbfs, 0) });
  if (value.textContent === text) return;
  value.textContent = text;
  meter.setAttribute("aria-valuenow", String(Math.round(Math.max(FLOOR_DBFS, dbfs))));
  meter.setAttribute("aria-valuetext", text);
}
