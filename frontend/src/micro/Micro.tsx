import { useComputed, useSignal } from "@preact/signals";
import { Footer } from "../components/App.tsx";
import { Header } from "../components/Header.tsx";
import { LevelMeter } from "../components/LevelMeter.tsx";
import { Login } from "../components/Login.tsx";
import { Shape } from "../components/Shape.tsx";
import { useFlash } from "../flash.ts";
import { clock, score } from "../i18n/format.ts";
import { said, t } from "../i18n/index.ts";
import { detections, isShutOut, newestClap, opened, program, running, sources, statusOf } from "../store.ts";
import { deviceName } from "./device.ts";
import { isSupported } from "./microphone.ts";
import { allowed, paused, phase, remembered, sourceId, start, stop, trouble } from "./sending.ts";

const CLAP_MS = 1000;

/** The page `/micro`: this device as a microphone, and that it works. */
export function Micro() {
  if (isShutOut.value) return <><Header home="./" /><Login /><Footer /></>;
  return (
    <>
      <Header home="./" />
      <main class="micro">
        <h1 class="unseen">{t("micro.title")}</h1>
        {!window.isSecureContext ? <Insecure /> : isSupported() ? <Device /> : <Unsupported />}
        <p class="micro-home"><a href="./">{t("micro.home")}</a></p>
      </main>
      <Footer />
    </>
  );
}

function Device() {
  const name = useSignal(remembered.name || deviceName());
  const newest = useComputed(() => detections.value.find((detection) => detection.sourceId === sourceId.value));
  const clapping = useFlash(() => (newestClap.value?.sourceId === sourceId.value ? newestClap.value.id : undefined), CLAP_MS);
  const isOn = phase.value === "on" || phase.value === "joining";
  const status = statusOf(sourceId.value);
  const isLive = phase.value === "on" && status?.state === "live";
  const mood = clapping.value ? "clap" : isLive ? "waiting" : "stopped";
  return (
    <section class={`panel ear ear-${mood}`} aria-label={t("micro.title")}>
      <div class="orb">
        <i class="ring ring-far" />
        <i class="ring ring-near" />
        <span class="face" key={mood} data-mood={mood} aria-hidden="true">{{ clap: "👏", waiting: "👂", stopped: "🎙️" }[mood]}</span>
      </div>
      <div class="mood" role="status">
        <h2>{clapping.value ? t("house.clap") : title(isLive)}</h2>
        <p>{clapping.value && newest.value ? t("feed.score") + " " + score(newest.value.score) : detail(isLive)}</p>
      </div>
      {trouble.value && <Reason words={trouble.value} />}
      {isOn && <Hindrance />}
      {isOn ? (
        <>
          <LevelMeter sourceId={sourceId.value} live={isLive} />
          {newest.value && <p class="muted">{t("micro.last", { when: clock(newest.value.timestamp) })}</p>}
          <button type="button" class="stop" onClick={() => stop()}>{t("micro.stop")}</button>
        </>
      ) : (
        <form class="micro-form" onSubmit={(event) => { event.preventDefault(); void start(name.value.trim() || deviceName()); }}>
          <p class="muted">{t("micro.intro")}</p>
          <label class="field">
            <span>{t("micro.name")}</span>
            <input dir="auto" maxLength={200} value={name.value} onInput={(event) => (name.value = event.currentTarget.value)} />
          </label>
          <button type="submit" class="start" disabled={phase.value === "asking" || !opened.value}>{t("micro.start")}</button>
        </form>
      )}
    </section>
  );
}

function title(isLive: boolean): string {
  if (isLive) return t("micro.live");
  if (paused.value === "gone") return t("micro.ready");
  if (phase.value === "joining") return t(opened.value ? "micro.reconnecting" : "micro.joining");
  if (phase.value === "on") return t("micro.joining");
  return phase.value === "asking" ? t("micro.asking") : t("micro.ready");
}

function detail(isLive: boolean): string {
  if (isLive) return t("micro.live_detail");
  if (phase.value === "joining") return t("micro.reconnecting_detail");
  return phase.value === "ready" ? t(allowed.value ? "micro.allowed" : "micro.ready_detail") : "";
}

/** Why nothing is heard although the microphone is on. */
function Hindrance() {
  const source = sources.value.find((one) => one.id === sourceId.value);
  const status = statusOf(sourceId.value);
  if (paused.value) return <Reason words={t(`micro.${paused.value}`)} />;
  if (phase.value === "on" && !running.value) return <Reason words={t("micro.stopped_service")} />;
  if (phase.value === "on" && source && !source.enabled) return <Reason words={t("micro.off")} />;
  if (phase.value === "on" && status?.code && status.state === "live") return <Reason words={said(status)} />;
  return null;
}

function Reason({ words }: { words: string }) {
  return <p class="reason" role="alert"><Shape is="triangle" /><span>{words}</span></p>;
}

function Insecure() {
  const address = `https://${location.host}${new URL("micro", document.baseURI).pathname}`;
  return (
    <section class="panel ear" aria-label={t("micro.title")}>
      <Reason words={t("micro.insecure")} />
      <div class="how">
        <p>{t("micro.insecure_how")}</p>
        <code dir="ltr">{program.value} serve --host 0.0.0.0 --tls</code>
        <p>{t("micro.insecure_then", { address })}</p>
      </div>
    </section>
  );
}

function Unsupported() {
  return <section class="panel ear" aria-label={t("micro.title")}><Reason words={t("micro.unsupported")} /></section>;
}
