import { computed, effect, useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { ask, inWords } from "../../api.ts";
import { DeviceChoice } from "../../components/DeviceSelect.tsx";
import { SoundNames } from "../../components/Heard.tsx";
import { LevelMeter } from "../../components/LevelMeter.tsx";
import { Outcome } from "../../components/Shape.tsx";
import { Reasons, ThresholdField, thresholdOf } from "../../components/Sound.tsx";
import { SourceState } from "../../components/SourceState.tsx";
import { WebhookField } from "../../components/WebhookField.tsx";
import { score } from "../../i18n/format.ts";
import { said, t } from "../../i18n/index.ts";
import { go, linkTo, route } from "../../route.ts";
import { edit } from "../../saving.ts";
import { verdicts } from "../../feeds.ts";
import { failure, isAdding, isCurrent, opened, program, running, settings, sources, statuses, statusOf } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import type { Verdict } from "../../wire.ts";
import { View } from "../View.tsx";

const STEPS = ["microphone", "clap", "webhook"] as const;

/** The source that the steps are about: a microphone before others, but none that cannot be opened while another can. */
function atHand(): SourceSettings | undefined {
  const on = sources.value.filter(({ enabled }) => enabled);
  const inOrder = [...on.filter(({ kind }) => kind === "microphone"), ...on.filter(({ kind }) => kind !== "microphone")];
  return inOrder.find(({ id }) => !isFailing(id)) ?? inOrder[0] ?? sources.value[0];
}

/** Whether a source gives no sound, for a reason; while it is tried again the reason stays. */
function isFailing(id: string): boolean {
  const status = statuses.value[id];
  return status !== undefined && status.state !== "live" && status.code !== "";
}

/** The first minute: a microphone, a clap, a webhook. Every step can be skipped. */
export function StartView() {
  const step = useSignal(0);
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(0);
  useLayoutEffect(() => {
    if (before.current !== step.value) heading.current?.focus();
    before.current = step.value;
  }, [step.value]);
  if (!opened.value) return null;
  const leave = () => {
    if (!settings.value?.welcomed) finish();
    go(linkTo.house);
  };
  const name = STEPS[step.value]!;
  const source = atHand();
  return (
    <View title={t("start.title")}>
      <div class="start-view">
        <ol class="steps" aria-label={t("start.steps")}>
          {STEPS.map((one, index) => (
            <li key={one} aria-current={index === step.value ? "step" : undefined} class={index < step.value ? "step-done" : ""}>{t(`start.${one}`)}</li>
          ))}
        </ol>
        <section class="panel step" aria-labelledby="step-title">
          <h2 id="step-title" tabIndex={-1} ref={heading}>{t(`start.${name}_title`)}</h2>
          {name === "microphone" && <ChooseMicrophone source={source} />}
          {name === "clap" && <ClapOnce source={source} />}
          {name === "webhook" && <ChooseWebhook source={source} />}
          <p class="step-actions">
            {step.value > 0 && <button type="button" class="quiet" onClick={() => (step.value -= 1)}>{t("start.back")}</button>}
            {step.value < STEPS.length - 1
              ? <button type="button" class="start" onClick={() => (step.value += 1)}>{t("start.next")}</button>
              : <button type="button" class="start" onClick={leave}>{t("start.done")}</button>}
          </p>
        </section>
        {step.value < STEPS.length - 1 && <p class="start-skip"><button type="button" class="quiet" onClick={leave}>{t("start.skip")}</button></p>}
      </div>
    </View>
  );
}

const CHECKOUT = /\.venv\/bin\/claptrap$/; // how it is called after `make run`

/** The webhook of a source, and a test of it. */
function ChooseWebhook({ source }: { source: SourceSettings | undefined }) {
  if (!source) return <p>{t("start.no_source")}</p>;
  return (
    <>
      <p class="muted">{t("start.webhook_what")}</p>
      <WebhookField source={source} />
      <p class="hint">{t("start.webhook_where")}</p>
      {CHECKOUT.test(program.value) && (
        <div class="how">
          <p>{t("start.webhook_example")} <code class="inline" dir="ltr">http://127.0.0.1:8080/clap</code></p>
          <code dir="ltr">python3 {program.value.replace(CHECKOUT, "examples/receiver.py")}</code>
        </div>
      )}
    </>
  );
}

/** Which microphone; its level moves. Where it cannot, why not, and what else can be a microphone. */
function ChooseMicrophone({ source }: { source: SourceSettings | undefined }) {
  const status = source && statusOf(source.id);
  const live = status?.state === "live";
  return (
    <>
      {source && source.kind === "microphone" && (
        <DeviceChoice path={`sources.${source.id}.input.device`} value={String(source.input["device"] ?? "")} explained={Boolean(status?.code)} />
      )}
      {source && source.kind !== "microphone" && <p dir="auto"><strong>{source.name}</strong></p>}
      {source && (
        <div class="step-level">
          <SourceState source={source} status={status} />
          {(live || !status?.code) && <LevelMeter sourceId={source.id} live={live} />}
          {live && !status.code && <p class="muted">{t("start.speak")}</p>}
          <Reasons source={source} />
        </div>
      )}
      {!running.value && <Stopped />}
      {!source && <p>{t("start.no_source")}</p>}
      <p><button type="button" class="quiet other-ways" onClick={() => (isAdding.value = true)}>{t("start.other_ways")}</button></p>
    </>
  );
}

function Stopped() {
  const start = () => ask("POST /api/detection/start").catch((error: unknown) => (failure.value = t("error.start", { reason: inWords(error) })));
  return <p><button type="button" class="quiet" onClick={start}>{t("detection.start")}</button></p>;
}

/** Clap: what was heard, how it scored, and why it was or was not a clap. */
function ClapOnce({ source }: { source: SourceSettings | undefined }) {
  const heard = useSignal<Verdict | null>(null);
  const claps = useSignal(0);
  const missed = useSignal(false); // something: from then on the threshold is worth reading about
  const id = source?.id ?? "";
  useLayoutEffect(() => verdicts.listen(id, (news) => {
    if (news.accepted) claps.value += 1;
    else missed.value = true;
    // a clap stays to be seen; what follows it, its own echo first, does not push it away
    if (news.accepted || !heard.value?.accepted || news.timestamp - heard.value.timestamp > 3) heard.value = news;
  }), [id]);
  if (!source) return <p>{t("start.no_source")}</p>;
  const status = statusOf(id);
  const live = status?.state === "live";
  return (
    <>
      <LevelMeter sourceId={id} live={live} />
      <div class={`clap-result ${heard.value?.accepted ? "clap-result-yes" : ""}`} role="status">
        <span class="face" aria-hidden="true" key={claps.value}>{heard.value?.accepted ? "👏" : "👂"}</span>
        {heard.value ? <Heard heard={heard.value} /> : <p class="muted" dir="auto">{live ? t("start.clap_now") : status?.code ? said(status) : t(isCurrent.value ? "start.deaf" : "state.unknown")}</p>}
      </div>
      {missed.value && <ThresholdField path={`sources.${id}.threshold`} value={thresholdOf(source)} />}
    </>
  );
}

function Heard({ heard }: { heard: Verdict }) {
  return (
    <div>
      <p class="clap-score"><output>{score(heard.score)}</output> <span class="muted">{t("start.of_threshold", { threshold: score(heard.threshold) })}</span></p>
      <p><Outcome shape={heard.accepted ? "check" : "ring"} words={said(heard)} /></p>
      <SoundNames labels={heard.labels} />
    </div>
  );
}

/** Whether nothing has been set up yet: the service says so, not this browser. */
const isFresh = computed(() => {
  const known = settings.value;
  if (!known || known.welcomed) return false;
  const [first, ...more] = known.sources;
  if (!first) return true;
  return more.length === 0 && first.id === "microphone" && first.kind === "microphone" && first.input.device === "" && first.webhooks.every(({ url }) => !url);
});

/** The first minute is over, or was left out; the service remembers it for everybody. */
const finish = () => edit("welcomed", true, 0);

/** Opens the first steps where nothing has been set up; once, so that they can be left. */
export function welcome(): void {
  let done = false;
  effect(() => {
    if (done || !settings.value) return;
    done = true;
    if (isFresh.value && route.value.view === "house") go(linkTo.start, true);
  });
}
