import { computed, useComputed, useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { ask, inWords } from "../../api.ts";
import { onBeat } from "../../beat.ts";
import { GLOW_MS } from "../../components/Heard.tsx";
import { loudness } from "../../components/LevelMeter.tsx";
import { Shape } from "../../components/Shape.tsx";
import { useFlash } from "../../flash.ts";
import { ago, score, timeOfDay } from "../../i18n/format.ts";
import { type Key, t } from "../../i18n/index.ts";
import { linkTo } from "../../route.ts";
import { inTurn } from "../../saving.ts";
import { type Detection, failure, heard, hearing, isCurrent, lastOf, link, loudest, newestClap, now, opened, running, settings, sources } from "../../store.ts";
import { broken, isFew } from "./rooms.ts";

const BURP_MS = 2000;
const LEVEL_STEP = 0.03; // of the rings: what moves by less is not drawn again
const BURP = "Burping, eructation";

type Mood = "offline" | "stopped" | "clap" | "burp" | "deaf" | "waiting";
const faces: Record<Mood, string> = { offline: "🔌", stopped: "💤", clap: "👏", burp: "😱", deaf: "🙉", waiting: "👂" };

/** How the whole house is, in one line: the ear, how many listen and how many are broken, the last clap, start and stop. */
export function HomeStrip() {
  const orb = useRef<HTMLDivElement>(null);
  const clapping = useFlash(() => newestClap.value?.id, GLOW_MS);
  const burping = useFlash(() => burpAt(), BURP_MS);
  const mood = useComputed<Mood>(() => {
    if (!isCurrent.value) return "offline";
    if (clapping.value) return "clap";
    if (!running.value) return "stopped";
    if (burping.value) return "burp";
    return hearing.value ? "waiting" : "deaf";
  });
  useLayoutEffect(() => onBeat(orb.current!, ({ style }) => {
    const level = loudness(loudest.value);
    if (Math.abs(level - Number(style.getPropertyValue("--level"))) > LEVEL_STEP) style.setProperty("--level", level.toFixed(2));
  }), []);
  const shown = mood.value === "burp" ? "waiting" : mood.value;
  return (
    <section class={`panel ear ear-${mood.value}`} aria-label={t("house.title")}>
      <div class="orb" ref={orb}>
        <i class="ring ring-far" />
        <i class="ring ring-near" />
        <span class="face" key={mood.value} data-mood={mood.value} aria-hidden="true">{faces[mood.value]}</span>
      </div>
      <div class="mood">
        <h2>{mood.value === "offline" && link.value === "connecting" ? t("link.connecting") : t(`house.${shown}` satisfies Key)}</h2>
        <p dir="auto">{shown === "clap" ? clapWords(newestClap.value!) : (shown === "waiting" && pauseWords.value) || t(`house.${shown}_detail` satisfies Key)}</p>
      </div>
      <Health />
      <Last />
      <p class="strip-actions"><PauseButton /><StartStop /></p>
    </section>
  );
}

const clapWords = ({ sourceName, score: value }: Detection) => t("house.clap_detail", { source: sourceName, score: score(value) });

/** How many listen and how many are broken; a link to the first of these. */
function Health() {
  const failing = broken.value;
  if (!isCurrent.value || sources.value.length === 0) return <p class="health muted" />;
  const listening = t("home.listening", { count: hearing.value });
  const first = failing[0];
  if (!first) return <p class="health">{listening}</p>;
  return (
    <p class="health">
      <a href={isFew.value ? linkTo.source(first.id) : linkTo.at(first.id)}>
        {listening} <span class="health-broken"><Shape is="cross" /> {t("home.broken", { count: failing.length })}</span>
      </a>
    </p>
  );
}

/** The last clap of the whole house, with its room. */
function Last() {
  const words = useComputed(() => {
    const last = Object.values(lastOf.value).reduce<Detection | null>((newest, one) => (newest && newest.timestamp > one.timestamp ? newest : one), null);
    if (!last) return opened.value ? t("house.last_none") : "";
    const room = sources.value.find(({ id }) => id === last.sourceId)?.room;
    return t("house.last", { when: ago(last.timestamp, now.value), where: room ? t("home.in_room", { source: last.sourceName, room }) : last.sourceName });
  });
  return <p class="last muted" dir="auto">{words.value}</p>;
}

/** Does something to the whole house, once at a time; why it failed stands among the problems. */
function Do({ kind, named, children, what, explain }: { kind: string; named: Key; children: string; what: () => Promise<unknown>; explain: (reason: string) => string }) {
  const busy = useSignal(false);
  const press = async () => {
    busy.value = true;
    failure.value = "";
    await what().catch((error: unknown) => (failure.value = explain(inWords(error))));
    busy.value = false;
  };
  return <button type="button" class={kind} disabled={busy.value || link.value !== "connected"} aria-label={t(named)} onClick={press}>{children}</button>;
}

function StartStop() {
  const to = running.value ? "stop" : "start";
  return <Do kind={to} named={`detection.${to}`} what={() => ask(`POST /api/detection/${to}`)} explain={(reason) => t("error.start", { reason })}>{t(`detection.${to}_short`)}</Do>;
}

function burpAt(): number | undefined {
  const news = heard.value;
  return news?.detected.some(({ label, score: sure }) => label === BURP && sure > 0.5) ? news.timestamp : undefined;
}

const PAUSE_S = 3600;

/** Why nothing of the whole house is sent, in words; empty where detections act. */
const pauseWords = computed(() => {
  const when = settings.value?.when;
  if (!when || (when.armed && when.snoozed_until <= now.value)) return "";
  return when.armed ? t("arming.paused", { time: timeOfDay(new Date(1000 * when.snoozed_until)) }) : t("arming.disarmed");
});

/** Sends nothing for an hour, whatever is heard; or sends again. */
function PauseButton() {
  const isPaused = pauseWords.value !== "";
  const toggle = () => inTurn(() => ask("POST /api/arming", { body: isPaused ? { armed: true, snooze_s: 0 } : { snooze_s: PAUSE_S } }));
  return <Do kind="quiet pause" named={isPaused ? "arming.act" : "arming.pause"} what={toggle} explain={String}>{t(isPaused ? "arming.act_short" : "arming.pause_short")}</Do>;
}
