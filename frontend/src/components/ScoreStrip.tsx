import { useLayoutEffect, useRef } from "preact/hooks";
import { onBeat } from "../beat.ts";
import { decimal, score } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";
import { minuteOf } from "../minute.ts";
import { edit, settle } from "../saving.ts";
import { verdicts } from "../feeds.ts";
import { shade } from "../theme.ts";
import type { Verdict } from "../wire.ts";
import { Help } from "./Buttons.tsx";
import { GAP_PX, LEVEL_PX, MARK_PX, SPAN_S, Scores } from "./scores.ts";

const REDRAW_MS = 150; // every second beat: it moves by two pixels. A candidate is drawn at once
const REDRAW_CALM_MS = 900;
const TIMES_S = [SPAN_S, 20, 10, 0];
const SCORES = [1, 0.5, 0];
const PAUSE_MS = 250;

interface Props {
  sourceId: string;
  threshold: number;
}

/** Each candidate's score over the last 30 seconds against the threshold, whose line can be dragged; the level below. */
export function ScoreStrip({ sourceId, threshold }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<Scores | null>(null);
  const line = useRef(threshold);
  line.current = threshold;
  const shownIn = shade.value; // the drawing knows its colours

  // A layout effect ends with the element; a plain one a frame later, when news may still come.
  useLayoutEffect(() => {
    const scores = drawing.current = new Scores(canvas.current!);
    const pause = matchMedia("(prefers-reduced-motion: reduce)").matches ? REDRAW_CALM_MS : REDRAW_MS;
    let drawnAt = 0;
    let isNew = false;
    const draw = () => {
      drawnAt = performance.now();
      isNew = false;
      scores.draw(minuteOf(sourceId), line.current);
    };
    const resized = new ResizeObserver((sizes) => {
      const { width, height } = sizes.at(-1)!.contentRect;
      scores.resize(width, height);
      draw();
    });
    resized.observe(canvas.current!);
    const stops = [
      onBeat(canvas.current!, () => (isNew || performance.now() - drawnAt > pause) && draw()),
      verdicts.listen(sourceId, (news) => {
        isNew = true;
        place.current!.setAttribute("aria-label", summary(news));
      }),
      () => resized.disconnect(),
    ];
    return () => stops.forEach((stop) => stop());
  }, [sourceId, shownIn]);
  useLayoutEffect(() => drawing.current!.draw(minuteOf(sourceId), threshold), [threshold]);

  return (
    <figure class="strip">
      <div class="strip-drawing">
        <div class="strip-place" ref={place} role="img" aria-label={t("strip.empty")}>
          <canvas ref={canvas} />
        </div>
        <Line path={`sources.${sourceId}.threshold`} threshold={threshold} />
        <span class="strip-scores">{SCORES.map((at) => <span key={at}>{decimal(at, at % 1 ? 1 : 0)}</span>)}</span>
        <span class="strip-level">{t("strip.level")}</span>
        <span class="strip-times">{TIMES_S.map((at) => <span key={at}>{at ? `−${at}` : "0"} s</span>)}</span>
      </div>
      <figcaption>
        <span>{t("strip.title")} <Help about="strip.title" /></span>
        <span class="key-clap">{t("strip.accepted")}</span>
        <span class="key-other">{t("strip.rejected")}</span>
        <span class="key-threshold">{t("strip.threshold")}</span>
        <span class="key-level">dBFS <Help about="level.title" /></span>
      </figcaption>
    </figure>
  );
}

/** Where the line can be taken hold of, by a mouse or a finger; with keys there is the slider of the threshold. */
function Line({ path, threshold }: { path: string; threshold: number }) {
  const drag = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const { currentTarget: handle, clientY } = event;
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const { top, height } = handle.parentElement!.querySelector("canvas")!.getBoundingClientRect();
    const share = 1 - (clientY - top - MARK_PX) / (height - LEVEL_PX - GAP_PX - 2 * MARK_PX);
    edit(path, Math.round(100 * Math.min(1, Math.max(0, share))) / 100, PAUSE_MS);
  };
  const room = `(100% - ${LEVEL_PX + GAP_PX + 2 * MARK_PX}px)`;
  return (
    <span
      class="strip-line" aria-hidden="true" title={t("strip.drag")} style={{ "--at": `calc(${MARK_PX}px + ${room} * ${(1 - threshold).toFixed(2)})` }}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag} onLostPointerCapture={() => void settle(path)}
    ><i>{score(threshold)}</i></span>
  );
}

function summary({ score: value, threshold, accepted }: Verdict): string {
  const verdict = t(accepted ? "strip.accepted" : "strip.rejected");
  return `${t("strip.title")}. ${t("strip.last", { score: score(value), threshold: score(threshold), verdict })}`;
}
