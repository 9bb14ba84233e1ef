import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { inWords, readProof, startProof } from "../api.ts";
import { said, t } from "../i18n/index.ts";
import type { Proof as ProofAnswer, ProofStep } from "../wire.ts";
import { Outcome } from "./Shape.tsx";
import { Switch } from "./Control.tsx";
import { Help } from "./Buttons.tsx";

const LOOK_MS = 250;

/** Puts a test clap into the source's sound, and lists how far it came and when. */
export function Proof({ sourceId }: { sourceId: string }) {
  const proof = useSignal<ProofAnswer | null>(null);
  const failure = useSignal("");
  const isQuiet = useSignal(false);
  const follow = (asked: Promise<ProofAnswer>) =>
    asked.then((answer) => (proof.value = answer, failure.value = ""), (error: unknown) => (proof.value = null, failure.value = inWords(error)));
  useEffect(() => {
    if (proof.value?.state !== "running") return;
    const timer = setTimeout(() => void follow(readProof(sourceId)), LOOK_MS);
    return () => clearTimeout(timer);
  }, [proof.value]);
  return (
    <div class="proof">
      <button type="button" class="quiet" disabled={proof.value?.state === "running"} onClick={() => void follow(startProof(sourceId, isQuiet.value ? [] : undefined))}>
        {t("proof.start")}
      </button>
      <Help about="proof.start" />
      <Switch checked={isQuiet.value} label={t("proof.quiet")} onChange={(checked) => (isQuiet.value = checked)} />
      <div role="status">
        {failure.value && <Outcome shape="cross" words={failure.value} />}
        {proof.value && <ol class="proof-steps">{proof.value.steps.map((step) => <li key={`${step.step} ${step.clap} ${step.receiver}`}><Outcome shape={shapeOf(step)} words={wordsOf(step)} /></li>)}</ol>}
      </div>
    </div>
  );
}

const shapeOf = ({ ok }: ProofStep) => (ok === null ? "half" : ok ? "check" : "cross");
const wordsOf = (step: ProofStep) => t("proof.step", { ms: step.ms, words: [step.receiver, said(step)].filter(Boolean).join(": ") });
