import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { onBeat } from "../../beat.ts";
import { Outcome } from "../../components/Outcome.tsx";
import { clock, iso, percent, score } from "../../i18n/format.ts";
import { said, soundName, t } from "../../i18n/index.ts";
import { pictures, verdicts } from "../../store.ts";
import { shade } from "../../theme.ts";
import { unseen, watch } from "../../spectrograms.ts";
import type { Verdict } from "../../wire.ts";
import { Picture, SPAN_S } from "./picture.ts";

const REMEMBERED = 30;
const SHOWN = 8;
const CALM_MS = 1000;

interface Props {
  sourceId: string;
  threshold: number;
}

/** What the source hears: the sound of the last seconds, each candidate in it, and why it was or was not a clap. */
export function Hearing({ sourceId, threshold }: Props) {
  const candidates = useSignal<Verdict[]>([]);
  useLayoutEffect(
    () => verdicts.listen(sourceId, (news) => (candidates.value = [news, ...candidates.value].slice(0, REMEMBERED))),
    [sourceId],
  );
  return (
    <section class="panel hearing" aria-labelledby="hearing-title">
      <h2 id="hearing-title">{t("hearing.title")}</h2>
      <Strip sourceId={sourceId} threshold={threshold} />
      {unseen.value && <p role="status"><Outcome shape="triangle" words={said(unseen.value)} /></p>}
      <h3 id="candidates-title">{t("hearing.candidates")}</h3>
      {candidates.value.length === 0 && <p class="muted">{t("hearing.none")}</p>}
      <ol class="candidates" aria-labelledby="candidates-title">
        {candidates.value.slice(0, SHOWN).map((one) => <Candidate key={one.timestamp} candidate={one} threshold={threshold} />)}
      </ol>
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
        {labels.length > 0 && <span class="muted">{labels.slice(0, 2).map((sound) => `${soundName(sound)} ${percent(sound.score)}`).join(", ")}</span>}
        {isOtherNow && <span class="candidate-now">{t(wouldBe ? "hearing.would_be" : "hearing.would_not")}</span>}
      </span>
    </li>
  );
}
