import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { onBeat } from "../../beat.ts";
import { Outcome } from "../../components/Shape.tsx";
import { SoundNames } from "../../components/Heard.tsx";
import { clock, iso, score } from "../../i18n/format.ts";
import { said, t } from "../../i18n/index.ts";
import { minuteOf } from "../../minute.ts";
import { pictures, verdicts } from "../../store.ts";
import { shade } from "../../theme.ts";
import { unseen, watch } from "../../spectrograms.ts";
import type { Verdict } from "../../wire.ts";
import { Picture, SPAN_S } from "./picture.ts";

const CALM_MS = 1000;

interface Props {
  sourceId: string;
  threshold: number;
}

/** What the source hears: the sound of the last seconds, each candidate in it, and why it was or was not a clap. */
export function Hearing({ sourceId, threshold }: Props) {
  const heard = useSignal(0); // draws again with each candidate
  useLayoutEffect(() => verdicts.listen(sourceId, () => (heard.value += 1)), [sourceId]);
  void heard.value;
  const { near, far } = minuteOf(sourceId);
  const list = (candidates: Verdict[]) => candidates.map((one) => <Candidate key={one.timestamp} candidate={one} threshold={threshold} />);
  return (
    <section class="panel hearing" aria-labelledby="hearing-title">
      <h2 id="hearing-title">{t("hearing.title")}</h2>
      <Strip sourceId={sourceId} threshold={threshold} />
      {unseen.value && <p role="status"><Outcome shape="triangle" words={said(unseen.value)} /></p>}
      <h3 id="candidates-title">{t("hearing.candidates")}</h3>
      {near.length === 0 && <p class="muted">{t("hearing.none")}</p>}
      <ol class="candidates" aria-labelledby="candidates-title">{list(near)}</ol>
      {far.length > 0 && (
        <details class="more-options">
          <summary>{t("hearing.others", { count: far.length })}</summary>
          <ol class="candidates">{list(far)}</ol>
        </details>
      )}
    </section>
  );
}

function Strip({ sourceId, threshold }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const bar = useRef(threshold);
  bar.current = threshold;
  const shownIn = shade.value;
  useLayoutEffect(() => {
    const picture = new Picture(canvas.current!, shownIn);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let drawnAt = 0;
    let isNew = false;
    const stops = [
      watch(sourceId),
      verdicts.listen(sourceId, (news) => picture.addCandidate(news)),
      pictures.listen(sourceId, (news) => {
        picture.addSound(news);
        isNew = true;
      }),
      onBeat(canvas.current!, () => {
        if (!isNew || (calm && performance.now() - drawnAt < CALM_MS)) return;
        isNew = false;
        drawnAt = performance.now();
        picture.draw(bar.current, score);
        canvas.current!.dataset["drawn"] = "true";
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [sourceId, shownIn]);
  return <canvas class="sound-picture" ref={canvas} role="img" aria-label={t("hearing.picture", { seconds: SPAN_S })} />;
}

function Candidate({ candidate, threshold }: { candidate: Verdict; threshold: number }) {
  const { accepted, timestamp, labels } = candidate;
  const wouldBe = candidate.score >= threshold;
  const isOtherNow = threshold !== candidate.threshold && wouldBe !== candidate.score >= candidate.threshold;
  return (
    <li class={accepted ? "candidate-clap" : ""}>
      <time class="numbers muted" dateTime={iso(timestamp)}>{clock(timestamp)}</time>
      <span class="score-pill numbers">{score(candidate.score)}</span>
      <span class="candidate-why">
        <Outcome shape={accepted ? "disc" : "ring"} words={said(candidate)} />
        <SoundNames labels={labels} />
        {isOtherNow && <span class="candidate-now">{t(wouldBe ? "hearing.would_be" : "hearing.would_not")}</span>}
      </span>
    </li>
  );
}
