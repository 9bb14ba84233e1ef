import { useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { decimal, score } from "../i18n/format.ts";
import { language, t } from "../i18n/index.ts";
import { levels, verdicts } from "../store.ts";
import { shade } from "../theme.ts";
import type { VerdictNews } from "../wire.ts";
import { loudness } from "./LevelMeter.tsx";

const SPAN_S = 30;
const HEIGHT_PX = 132;
const REDRAW_MS = 200; // it moves by two pixels; a candidate is drawn at once
const REDRAW_CALM_MS = 1000;

interface Mark {
  at: number;
  score: number;
  accepted: boolean;
}

interface Props {
  sourceId: string;
  threshold: number;
}

/** Each candidate's score against the threshold over the last 30 seconds, with the loudness behind it. */
export function ScoreStrip({ sourceId, threshold }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const bar = useRef(threshold);
  bar.current = threshold;
  const shownIn = `${language.value} ${shade.value}`; // words and colours of the axes are drawn once

  // A layout effect ends with the element; a plain one a frame later, when news may still come.
  useLayoutEffect(() => {
    const strip = new Strip(place.current!, () => bar.current);
    const stops = [
      levels.listen(sourceId, (news) => strip.addLevel(news.peak_dbfs)),
      verdicts.listen(sourceId, (news) => {
        strip.addMark(news);
        place.current!.setAttribute("aria-label", summary(news));
      }),
    ];
    return () => {
      stops.forEach((stop) => stop());
      strip.end();
    };
  }, [sourceId, shownIn]);

  return (
    <figure class="strip">
      <div class="strip-drawing" ref={place} role="img" aria-label={t("strip.empty")} />
      <figcaption>
        <span>{t("strip.title")}</span>
        <span class="key-clap">{t("strip.accepted")}</span>
        <span class="key-other">{t("strip.rejected")}</span>
        <span class="key-threshold">{t("strip.threshold")}</span>
      </figcaption>
    </figure>
  );
}

function summary({ score: value, threshold, accepted }: VerdictNews): string {
  const verdict = t(accepted ? "strip.accepted" : "strip.rejected");
  return `${t("strip.title")}. ${t("strip.last", { score: score(value), threshold: score(threshold), verdict })}`;
}

/** The drawing itself, kept apart from the component: it lives by its own beat. */
class Strip {
  readonly #threshold: () => number;
  readonly #plot: uPlot;
  readonly #colour: (name: string) => string;
  readonly #resized: ResizeObserver;
  readonly #scrolled: IntersectionObserver;
  #isOnScreen = false;
  readonly #beat: ReturnType<typeof setInterval>;
  #times: number[] = [];
  #levels: number[] = [];
  #marks: Mark[] = [];

  constructor(place: HTMLElement, threshold: () => number) {
    this.#threshold = threshold;
    const style = getComputedStyle(place);
    this.#colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.#plot = new uPlot(this.#options(place.clientWidth), [[], []], place);
    this.#resized = new ResizeObserver(() => this.#plot.setSize({ width: place.clientWidth, height: HEIGHT_PX }));
    this.#resized.observe(place);
    this.#scrolled = new IntersectionObserver((seen) => {
      this.#isOnScreen = seen.at(-1)!.isIntersecting;
      this.#redraw();
    });
    this.#scrolled.observe(place);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#beat = setInterval(() => this.#redraw(), calm ? REDRAW_CALM_MS : REDRAW_MS);
  }

  addLevel(dbfs: number): void {
    this.#times.push(seconds());
    this.#levels.push(loudness(dbfs));
  }

  addMark({ score, accepted }: VerdictNews): void {
    this.#marks.push({ at: seconds(), score, accepted });
    this.#redraw();
  }

  end(): void {
    clearInterval(this.#beat);
    this.#resized.disconnect();
    this.#scrolled.disconnect();
    this.#plot.destroy();
  }

  #redraw(): void {
    const oldest = seconds() - SPAN_S - 1;
    const gone = this.#times.findIndex((at) => at >= oldest);
    if (gone > 0) {
      this.#times.splice(0, gone);
      this.#levels.splice(0, gone);
    }
    this.#marks = this.#marks.filter((mark) => mark.at >= oldest);
    if (this.#isOnScreen && !document.hidden) this.#plot.setData([this.#times, this.#levels]);
  }

  #options(width: number): uPlot.Options {
    const axis: uPlot.Axis = {
      stroke: this.#colour("muted"),
      font: `11px ${this.#colour("font")}`,
      grid: { stroke: this.#colour("line"), width: 1 },
      ticks: { show: false },
    };
    return {
      width,
      height: HEIGHT_PX,
      padding: [10, 14, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [seconds() - SPAN_S, seconds()] },
        y: { range: [0, 1] },
      },
      axes: [
        { ...axis, size: 22, splits: (_plot, _axis, from, to) => [from, from + 10, from + 20, to], values: ago },
        { ...axis, size: 30, splits: () => [0, 0.5, 1], values: (_plot, at) => at.map((value) => decimal(value, value % 1 ? 1 : 0)) },
      ],
      series: [{}, { stroke: this.#colour("wave-line"), fill: this.#colour("wave"), width: 1, points: { show: false } }],
      hooks: { draw: [(plot) => this.#drawThreshold(plot), (plot) => this.#marks.forEach((mark) => this.#drawMark(plot, mark))] },
    };
  }

  #drawThreshold({ ctx, bbox, valToPos }: uPlot): void {
    const y = Math.round(valToPos(this.#threshold(), "y", true));
    ctx.save();
    ctx.strokeStyle = this.#colour("clap");
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  /** A clap is a full disc, what was not a clap an empty ring: told apart without colour. */
  #drawMark({ ctx, bbox, valToPos }: uPlot, mark: Mark): void {
    const x = valToPos(mark.at, "x", true);
    if (x < bbox.left) return;
    ctx.save();
    ctx.beginPath();
    ctx.arc(x, valToPos(mark.score, "y", true), (mark.accepted ? 5.5 : 4) * devicePixelRatio, 0, 2 * Math.PI);
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.strokeStyle = this.#colour(mark.accepted ? "ground" : "muted");
    ctx.fillStyle = this.#colour("clap");
    if (mark.accepted) ctx.fill();
    ctx.stroke();
    ctx.restore();
  }
}

const seconds = () => performance.now() / 1000;

const ago = (_plot: uPlot, at: number[]) =>
  at.map((_, index) => (index === at.length - 1 ? "0 s" : `−${SPAN_S - 10 * index} s`));
