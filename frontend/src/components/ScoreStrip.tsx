import { useLayoutEffect, useRef } from "preact/hooks";
import { onBeat } from "../beat.ts";
import { decimal, score } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";
import { levels, verdicts } from "../store.ts";
import { shade } from "../theme.ts";
import type { Verdict } from "../wire.ts";
import { loudness } from "./LevelMeter.tsx";
import { SPAN_S, Scores } from "./scores.ts";

const REDRAW_MS = 150; // every second beat: it moves by two pixels. A candidate is drawn at once
const REDRAW_CALM_MS = 900;
const TIMES_S = [SPAN_S, 20, 10, 0];
const LEVELS = [1, 0.5, 0];

interface Props {
  sourceId: string;
  threshold: number;
}

/** Each candidate's score against the threshold over the last 30 seconds, with the loudness behind it. */
export function ScoreStrip({ sourceId, threshold }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<Scores | null>(null);
  const bar = useRef(threshold);
  bar.current = threshold;
  const shownIn = shade.value; // the drawing knows its colours

  // A layout effect ends with the element; a plain one a frame later, when news may still come.
  useLayoutEffect(() => {
    const scores = drawing.current = new Scores(canvas.current!, drawing.current);
    const pause = matchMedia("(prefers-reduced-motion: reduce)").matches ? REDRAW_CALM_MS : REDRAW_MS;
    let drawnAt = 0;
    const draw = () => {
      drawnAt = performance.now();
      scores.draw(bar.current);
    };
    const resized = new ResizeObserver((sizes) => {
      const { width, height } = sizes.at(-1)!.contentRect;
      scores.resize(width, height);
      draw();
    });
    resized.observe(canvas.current!);
    const stops = [
      onBeat(canvas.current!, () => (scores.isNew || performance.now() - drawnAt > pause) && draw()),
      levels.listen(sourceId, (news) => scores.addLevel(loudness(news.peak_dbfs))),
      verdicts.listen(sourceId, (news) => {
        scores.addMark(news);
        place.current!.setAttribute("aria-label", summary(news));
      }),
      () => resized.disconnect(),
    ];
    return () => stops.forEach((stop) => stop());
  }, [sourceId, shownIn]);
  useLayoutEffect(() => drawing.current!.draw(threshold), [threshold]);

  return (
    <figure class="strip">
      <div class="strip-drawing" ref={place} role="img" aria-label={t("strip.empty")}>
        <canvas ref={canvas} />
        <span class="strip-levels">{LEVELS.map((at) => <span key={at}>{decimal(at, at % 1 ? 1 : 0)}</span>)}</span>
        <span class="strip-times">{TIMES_S.map((at) => <span key={at}>{at ? `−${at}` : "0"} s</span>)}</span>
      </div>
      <figcaption>
        <span>{t("strip.title")}</span>
        <span class="key-clap">{t("strip.accepted")}</span>
        <span class="key-other">{t("strip.rejected")}</span>
        <span class="key-threshold">{t("strip.threshold")}</span>
      </figcaption>
    </figure>
  );
}

function summary({ score: value, threshold, accepted }: Verdict): string {
  const verdict = t(accepted ? "strip.accepted" : "strip.rejected");
  return `${t("strip.title")}. ${t("strip.last", { score: score(value), threshold: score(threshold), verdict })}`;
}
