import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { ShowMore } from "../../components/Buttons.tsx";
import { Coming, HowToNameSounds } from "../../components/NamingModel.tsx";
import { Shape } from "../../components/Shape.tsx";
import { clock, duration, iso, percent } from "../../i18n/format.ts";
import { said, soundName, t } from "../../i18n/index.ts";
import { nameOfReceiver } from "../../receivers.ts";
import { linkTo } from "../../route.ts";
import { attempts, type Detection, detections, heard, labelsOn, model, opened } from "../../store.ts";
import type { Attempt } from "../../wire.ts";
import { View } from "../View.tsx";
import { HomeStrip } from "./HomeStrip.tsx";
import { Beside, Wall } from "./Wall.tsx";
import { isFew } from "./rooms.ts";

/** The whole house at a glance; a source that was tapped stands beside the others. */
export function HomeView({ id }: { id: string }) {
  const beside = isFew.value ? "" : id; // a card has all of it already
  return (
    <View title={t("view.house")} titleHidden>
      <div class={`home ${beside ? "home-beside" : ""}`}>
        <HomeStrip />
        <div class="wall"><Wall /></div>
        {opened.value && (beside
          ? <Beside key={beside} id={beside} />
          : <div class="rail"><SoundsHeard /><Activity /></div>)}
      </div>
    </View>
  );
}

const SHOWN = 5;
const FADE_MS = 4000;

/** What YAMNet hears just now; or how its file comes; or how to get it. */
function SoundsHeard() {
  return (
    <details class="panel sounds" open={(!labelsOn.value && model.value !== null) || undefined}>
      <summary><h2>{t("sounds.title")}</h2></summary>
      {labelsOn.value ? <Sounds /> : model.value ? <Coming progress={model.value} /> : <HowToNameSounds />}
    </details>
  );
}

function Sounds() {
  const stale = useSignal(true);
  const sounds = useComputed(() => (heard.value?.detected ?? []).slice(0, SHOWN));
  useSignalEffect(() => {
    if (!heard.value) return;
    stale.value = false;
    const timer = setTimeout(() => (stale.value = true), FADE_MS);
    return () => clearTimeout(timer);
  });
  if (sounds.value.length === 0) return <p class="muted">{t("sounds.waiting")}</p>;
  return (
    <ul class={`sound-list ${stale.value ? "sound-stale" : ""}`}>
      {sounds.value.map((sound) => (
        <li key={sound.label}>
          <span class="sound-name" dir="auto" title={soundName(sound)}>{soundName(sound)}</span>
          <span class="sound-score">{percent(sound.score)}</span>
          <meter class="unseen" min={0} max={1} value={sound.score} aria-hidden="true" />
          <i class="bar"><i style={{ transform: `scaleX(${sound.score.toFixed(2)})` }} /></i>
        </li>
      ))}
    </ul>
  );
}

const HAPPENINGS = 14;
const MOST = 60;

interface Happening {
  id: string;
  at: number;
  /** Null for the test of a webhook. */
  detection: Detection | null;
  /** How its deliveries stand, one attempt a receiver, the newest. */
  deliveries: Attempt[];
}

/** What happened, a line each, the newest first: "Salon · 2 claps → lampe ✓ 12 ms". */
function Activity() {
  const all = useSignal(false);
  const found = useComputed(happenings);
  const shown = found.value.slice(0, all.value ? MOST : HAPPENINGS);
  return (
    <section class="panel activity" aria-labelledby="activity-title">
      <header class="title-row"><h2 id="activity-title">{t("activity.title")}</h2><a href={linkTo.history}>{t("activity.history")}</a></header>
      {shown.length === 0 && <p class="muted empty">{t("feed.empty")}</p>}
      <ul>{shown.map((one) => <Line key={one.id} happening={one} />)}</ul>
      <ShowMore all={all} count={Math.min(MOST, found.value.length)} shown={HAPPENINGS} />
    </section>
  );
}

function happenings(): Happening[] {
  const byEvent = new Map<string, Attempt[]>();
  for (const attempt of attempts.value) {
    const known = byEvent.get(attempt.event_id) ?? [];
    if (!known.some(({ target_id }) => target_id === attempt.target_id)) byEvent.set(attempt.event_id, [...known, attempt]);
  }
  const heard = detections.value.map((detection) => ({
    id: detection.id, at: detection.timestamp, detection, deliveries: byEvent.get(detection.id) ?? [],
  }));
  const tests = [...byEvent].filter(([id]) => id.startsWith("test:")).map(([id, deliveries]) => ({ id, at: deliveries.at(-1)!.at, detection: null, deliveries }));
  return [...heard, ...tests].sort((a, b) => b.at - a.at).slice(0, MOST);
}

const whatOf = ({ trigger, applause, claps }: Detection) => trigger || (applause ? t("feed.applause") : t("activity.claps", { count: claps }));

function Line({ happening: { at, detection, deliveries } }: { happening: Happening }) {
  return (
    <li class={detection ? "" : "activity-test"}>
      <time class="numbers muted" dateTime={iso(at)}>{clock(at)}</time>
      <span class="activity-what" dir="auto">
        {detection
          ? <><b>{detection.sourceName}</b> <span>· {whatOf(detection)}</span> {detection.also.length > 0 && <span class="muted">{t("feed.also", { sources: detection.also.join(", ") })}</span>}</>
          : <b>{t("deliveries.test")}</b>}
        {deliveries.map((one) => <Delivered key={one.target_id} attempt={one} />)}
      </span>
    </li>
  );
}

function Delivered({ attempt }: { attempt: Attempt }) {
  const shape = attempt.ok ? "check" : attempt.retry_in_s === null ? "cross" : "triangle";
  return (
    <>
      <span class={`outcome outcome-${shape === "triangle" ? "again" : shape}`} title={attempt.ok ? "" : said(attempt)}>
        → <span class="receiver clip">{nameOfReceiver(attempt)}</span> <Shape is={shape} />
        {attempt.ok && <span class="muted numbers">{duration(attempt.took_s)}</span>}
      </span>
      {!attempt.ok && <span class="why clip" dir="auto">{said(attempt)}</span>}
    </>
  );
}
