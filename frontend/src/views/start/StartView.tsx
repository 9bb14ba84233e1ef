import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../../i18n/index.ts";
import { go, linkTo } from "../../route.ts";
import { opened, settings, sources, statuses } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import { View } from "../View.tsx";
import { ChooseMicrophone } from "./ChooseMicrophone.tsx";
import { ClapOnce } from "./ClapOnce.tsx";
import { ChooseWebhook } from "./ChooseWebhook.tsx";
import { finish } from "./fresh.ts";

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
