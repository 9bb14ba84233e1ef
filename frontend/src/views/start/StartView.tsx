import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { WebhookField } from "../../components/WebhookField.tsx";
import { t } from "../../i18n/index.ts";
import { go, linkTo } from "../../route.ts";
import { opened, program, settings, sources, statuses } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";
import { View } from "../View.tsx";
import { ChooseMicrophone } from "./ChooseMicrophone.tsx";
import { ClapOnce } from "./ClapOnce.tsx";
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

const CHECKOUT = /\.venv\/bin\/claptrap$/; // how it is called after `make run`

/** The webhook of a source, and a test of it. */
export function ChooseWebhook({ source }: { source: SourceSettings | undefined }) {
  if (!source) return <p>{t("start.no_source")}</p>;
  return (
    <>
      <p class="muted">{t("start.webhook_what")}</p>
      <WebhookField source={source} />
      <p class="hint">{t("start.webhook_where")}</p>
      {CHECKOUT.test(program.value) && <Example command={`python3 ${program.value.replace(CHECKOUT, "examples/receiver.py")}`} />}
    </>
  );
}

/** A receiver to try it with, which is in ClapTrap's folder. */
function Example({ command }: { command: string }) {
  return (
    <div class="how">
      <p>{t("start.webhook_example")} <code class="inline" dir="ltr">http://127.0.0.1:8080/clap</code></p>
      <code dir="ltr">{command}</code>
    </div>
  );
}
