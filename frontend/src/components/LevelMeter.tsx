import { useLayoutEffect, useRef } from "preact/hooks";
import { decimal } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";
import { SILENCE_DBFS, levels } from "../store.ts";

const FLOOR_DBFS = -60;
const HOLD_MS = 1500;
const FALL_PER_BEAT = 0.03;

/** How far along a meter a level lies: 0 at −60 dBFS or less, 1 at full scale. */
export function loudness(dbfs: number): number {
  return Math.min(1, Math.max(0, 1 - dbfs / FLOOR_DBFS));
}

/** Live loudness with peak hold. Ten times a second it moves two layers by transform and writes one text: no rendering. */
export function LevelMeter({ sourceId, live }: { sourceId: string; live: boolean }) {
  const meter = useRef<HTMLDivElement>(null);
  const cover = useRef<HTMLElement>(null);
  const hold = useRef<HTMLElement>(null);
  const value = useRef<HTMLOutputElement>(null);

  // A layout effect ends with the elements; a plain one a frame later, when news may still come and nothing is left to write on.
  useLayoutEffect(() => {
    let held = 0;
    let heldAt = 0;
    const show = (dbfs: number) => {
      const level = loudness(dbfs);
      const fallen = performance.now() - heldAt > HOLD_MS ? held - FALL_PER_BEAT : held;
      if (level >= fallen) heldAt = performance.now();
      held = Math.max(level, fallen);
      cover.current!.style.transform = `scaleX(${(1 - level).toFixed(3)})`;
      hold.current!.style.transform = `translateX(${((held - 1) * 100).toFixed(1)}%)`;
      const text = dbfs <= SILENCE_DBFS ? t("level.silence") : t("level.value", { level: decimal(dbfs, 0) });
      if (value.current!.textContent !== text) value.current!.textContent = text;
      meter.current!.setAttribute("aria-valuenow", String(Math.round(Math.max(FLOOR_DBFS, dbfs))));
      meter.current!.setAttribute("aria-valuetext", text);
    };
    show(SILENCE_DBFS);
    return live ? levels.listen(sourceId, (news) => show(news.peak_dbfs)) : undefined;
  }, [sourceId, live]);

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
