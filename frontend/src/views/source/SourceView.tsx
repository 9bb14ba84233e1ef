import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { onBeat } from "../../beat.ts";
import { Activity } from "../../components/Activity.tsx";
import { Title } from "../../components/Buttons.tsx";
import { SoundNames } from "../../components/Heard.tsx";
import { Proof } from "../../components/Proof.tsx";
import { Outcome } from "../../components/Shape.tsx";
import { Sound, ThresholdField, thresholdOf } from "../../components/Sound.tsx";
import { SourceHead } from "../../components/Source.tsx";
import { clock, iso, score } from "../../i18n/format.ts";
import { type Key, said, t } from "../../i18n/index.ts";
import { minuteOf } from "../../minute.ts";
import { linkTo } from "../../route.ts";
import { watch } from "../../spectrograms.ts";
import { pictures, verdicts } from "../../feeds.ts";
import { opened, sources, unseen } from "../../store.ts";
import { shade } from "../../theme.ts";
import type { SourceSettings } from "../../types.ts";
import type { Verdict } from "../../wire.ts";
import { Tabs, View } from "../View.tsx";
import { LearningPanel } from "../learn/LearningPanel.tsx";
import { TryRecording, WhatIf } from "../learn/WhatIf.tsx";
import { Reactions } from "../reactions/Reactions.tsx";
import { Itself } from "./Itself.tsx";
import { Picture, SPAN_S } from "./picture.ts";

const TABS = ["live", "reactions", "source"] as const;
type Tab = (typeof TABS)[number];

/** One source, close up: what it hears and why that was or was not a clap, what follows a clap, and the source itself. */
export function SourceView({ id, tab }: { id: string; tab: string }) {
  const source = sources.value.find((one) => one.id === id);
  if (!opened.value) return null;
  if (!source) {
    return (
      <View title={t("view.source_gone")}>
        <p class="muted">{t("view.source_gone_detail")}</p>
        <p><a href={linkTo.house}>{t("view.back")}</a></p>
      </View>
    );
  }
  const shown = TABS.find((one) => one === tab) ?? "live";
  return (
    <View title={source.name}>
      <Ways id={id} tab={shown} />
      {shown === "live" && <Live source={source} />}
      {shown === "reactions" && <Reactions source={source} />}
      {shown === "source" && <Itself source={source} />}
    </View>
  );
}

/** Back to the house, to the source before and after this one, and to the parts of this one. */
function Ways({ id, tab }: { id: string; tab: Tab }) {
  const all = sources.value;
  const here = all.findIndex((one) => one.id === id);
  const [before, after] = [all[(here + all.length - 1) % all.length]!, all[(here + 1) % all.length]!];
  return (
    <div class="ways">
      <a class="way" href={linkTo.house}><span aria-hidden="true">←</span> {t("view.house")}</a>
      <Tabs label={t("source.tabs")} here={linkTo.source(id, tab)} tabs={TABS.map((one) => [linkTo.source(id, one), t(`source.tab.${one}` satisfies Key)])} />
      {all.length > 1 && (
        <span class="ways-others">
          <a class="way" href={linkTo.source(before.id, tab)} title={before.name} aria-label={t("source.before", { name: before.name })}>‹</a>
          <a class="way" href={linkTo.source(after.id, tab)} title={after.name} aria-label={t("source.after", { name: after.name })}>›</a>
        </span>
      )}
    </div>
  );
}

function Live({ source }: { source: SourceSettings }) {
  const threshold = thresholdOf(source);
  return (
    <div class="source-view">
      <div class="column">
        <section class="panel source" aria-label={t("source.now")}>
          <SourceHead source={source} />
          <Sound source={source} />
          <ThresholdField path={`sources.${source.id}.threshold`} value={source.threshold} />
          <WhatIf source={source} />
          <TryRecording source={source} />
          <Proof sourceId={source.id} />
        </section>
        <LearningPanel sourceId={source.id} />
      </div>
      <div class="column">
        <Hearing sourceId={source.id} threshold={threshold} />
        <Activity sourceId={source.id} />
      </div>
    </div>
  );
}

const PACE_MS = 150; // every second beat, as the strip
const CALM_MS = 1000;

interface Props {
  sourceId: string;
  threshold: number;
}

/** What the source hears: the sound of the last seconds, each candidate in it, and why it was or was not a clap. */
function Hearing({ sourceId, threshold }: Props) {
  const heard = useSignal(0); // draws again with each candidate
  useLayoutEffect(() => verdicts.listen(sourceId, () => (heard.value += 1)), [sourceId]);
  void heard.value;
  const { near, far } = minuteOf(sourceId);
  const list = (candidates: Verdict[]) => candidates.map((one) => <Candidate key={one.timestamp} candidate={one} threshold={threshold} />);
  return (
    <section class="panel hearing" aria-labelledby="hearing-title">
      <Title id="hearing-title" of="hearing.title" />
      <Strip sourceId={sourceId} threshold={threshold} />
      {unseen.value && <p role="status"><Outcome shape="triangle" words={said(unseen.value)} /></p>}
      <Title id="candidates-title" of="hearing.candidates" is="h3" />
      <ol class="candidates" aria-labelledby="candidates-title" tabIndex={0}>{near.length ? list(near) : <li class="muted none">{t("hearing.none")}</li>}</ol>
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
    const pace = matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM_MS : PACE_MS;
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
        if (!isNew || performance.now() - drawnAt < pace) return;
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
