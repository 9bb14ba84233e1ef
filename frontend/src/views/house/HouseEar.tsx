import { effect, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { startDetection, stopDetection } from "../../api.ts";
import { useFlash } from "../../flash.ts";
import { clock, duration, score } from "../../i18n/format.ts";
import { type Key, said, t } from "../../i18n/index.ts";
import { detections, failure, heard, hearing, link, loudest, newestClap, opened, running, statuses, REMEMBERED } from "../../store.ts";
import { inWords } from "../../words.ts";
import { loudness } from "../../components/LevelMeter.tsx";

const CLAP_MS = 1000;
const BURP_MS = 2000;
const BURP = "Burping, eructation";

type Mood = "offline" | "stopped" | "clap" | "burp" | "deaf" | "waiting";
const faces: Record<Mood, string> = { offline: "🔌", stopped: "💤", clap: "👏", burp: "😱", deaf: "🙉", waiting: "👂" };

/** The big ear of the house: waiting, or clapping for about a second. */
export function HouseEar() {
  const orb = useRef<HTMLDivElement>(null);
  const clapping = useFlash(() => newestClap.value?.id, CLAP_MS);
  const burping = useFlash(() => burpAt(), BURP_MS);
  const mood = useComputed<Mood>(() => {
    if (clapping.value) return "clap";
    if (link.value !== "connected" || !opened.value) return "offline";
    if (!running.value) return "stopped";
    if (burping.value) return "burp";
    return hearing.value ? "waiting" : "deaf";
  });
  useEffect(() => effect(() => orb.current?.style.setProperty("--level", loudness(loudest.value).toFixed(3))), []);

  return (
    <section class={`panel ear ear-${mood.value}`} aria-label={t("house.title")}>
      <div class="orb" ref={orb}>
        <i class="ring ring-far" />
        <i class="ring ring-near" />
        <span class="face" key={mood.value} data-mood={mood.value} aria-hidden="true">{faces[mood.value]}</span>
      </div>
      <MoodWords mood={mood.value} />
      <StartStop />
      <Tally />
    </section>
  );
}

function MoodWords({ mood }: { mood: Mood }) {
  const clap = newestClap.value;
  if (mood === "clap" && clap) {
    const words = { source: clap.sourceName, score: score(clap.score) };
    return <Words title={t("house.clap")} detail={t("house.clap_detail", words)} />;
  }
  const shown = mood === "burp" || mood === "clap" ? "waiting" : mood;
  const title = mood === "offline" && link.value === "connecting" ? t("link.connecting") : t(`house.${shown}` satisfies Key);
  const reason = shown === "deaf" && Object.values(statuses.value).find((status) => status.code);
  return <Words title={title} detail={reason ? said(reason) : t(`house.${shown}_detail` satisfies Key)} />;
}

function Words({ title, detail }: { title: string; detail: string }) {
  return (
    <div class="mood">
      <h2>{title}</h2>
      <p dir="auto">{detail}</p>
    </div>
  );
}

function StartStop() {
  const busy = useSignal(false);
  const toggle = async () => {
    busy.value = true;
    failure.value = "";
    await (running.value ? stopDetection() : startDetection()).catch((error: unknown) => {
      failure.value = t("error.start", { reason: inWords(error) });
    });
    busy.value = false;
  };
  return (
    <button
      type="button"
      class={running.value ? "stop" : "start"}
      disabled={busy.value || link.value !== "connected"}
      onClick={toggle}
    >
      {running.value ? t("detection.stop") : t("detection.start")}
    </button>
  );
}

function Tally() {
  const newest = detections.value[0];
  const latencies = detections.value.map((detection) => detection.latencyS).sort((a, b) => a - b);
  const median = latencies[latencies.length >> 1];
  return (
    <div class="tally">
      <p class="wide">{newest ? t("house.last", { when: clock(newest.timestamp) }) : t("house.last_none")}</p>
      <dl>
        <div>
          <dt>{t("house.count")}</dt>
          <dd>{detections.value.length}{detections.value.length === REMEMBERED && "+"}</dd>
        </div>
        <div>
          <dt>{t("house.median_latency")}</dt>
          <dd>{median === undefined ? "–" : duration(median)}</dd>
        </div>
      </dl>
    </div>
  );
}

function burpAt(): number | undefined {
  const news = heard.value;
  return news?.detected.some(({ label, score }) => label === BURP && score > 0.5) ? news.timestamp : undefined;
}
