import { useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { countHistory } from "../../api.ts";
import { t } from "../../i18n/index.ts";
import { locale } from "../../i18n/format.ts";
import { shade } from "../../theme.ts";
import { useAnswer } from "../../useAnswer.ts";
import { chosen, question } from "./filter.ts";
import { tick } from "./Timeline.tsx";

const HEIGHT_PX = 150;
const HOUR_S = 3600;

/** How many were heard in each hour of the chosen time. */
export function PerHour({ newest }: { newest: string }) {
  const place = useRef<HTMLDivElement>(null);
  const asked = question(chosen.value);
  const until = Math.min(asked.before ?? Infinity, Date.now() / 1000 + HOUR_S);
  const { answer } = useAnswer(() => countHistory(asked, "hour"), [JSON.stringify(asked), newest]).value;
  const since = asked.since ?? answer?.counts[0]?.start ?? until - HOUR_S;
  const total = answer?.counts.reduce((sum, { count }) => sum + count, 0) ?? 0;
  const shown = shade.value;

  useLayoutEffect(() => {
    if (!answer) return undefined;
    const starts = answer.counts.map(({ start }) => start + HOUR_S / 2);
    const counts = answer.counts.map(({ count }) => count);
    const plot = new uPlot(options(place.current!, since, until), [starts, counts], place.current!);
    const resized = new ResizeObserver(([entry]) => plot.setSize({ width: entry!.contentRect.width, height: HEIGHT_PX }));
    resized.observe(place.current!);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [answer, since, shown, locale()]);

  return (
    <figure class="per-hour">
      <figcaption>{t("history.per_hour", { count: total })}</figcaption>
      <div ref={place} role="img" aria-label={t("history.per_hour", { count: total })} />
    </figure>
  );
}

function options(place: HTMLElement, since: number, until: number): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const axis: uPlot.Axis = {
    stroke: colour("muted"),
    font: `11px ${colour("font")}`,
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: place.clientWidth,
    height: HEIGHT_PX,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { range: () => [since, until] }, y: { range: (_plot, _least, most) => [0, Math.max(4, most)] } },
    axes: [
      { ...axis, size: 22, values: (_plot, at, _index, _space, step) => at.map((moment) => tick(moment, step)) },
      { ...axis, size: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] },
    ],
    series: [
      {},
      { stroke: colour("clap"), fill: colour("clap"), width: 0, paths: uPlot.paths.bars!({ size: [0.9, 40, 2] }), points: { show: false } },
    ],
  };
}
