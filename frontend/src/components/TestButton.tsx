import { useSignal, useSignalEffect } from "@preact/signals";
import { duration } from "../i18n/format.ts";
import { said, t } from "../i18n/index.ts";
import { settle } from "../saving.ts";
import { attempts, deliveryOf, drafts } from "../store.ts";
import type { Attempt } from "../wire.ts";
import { inWords } from "../api.ts";
import { Outcome } from "./Shape.tsx";

interface Props {
  /** Where the address is: what is being typed there is saved first. */
  path: string;
  /** The receiver's id. */
  target: string;
  ready: boolean;
  label?: string;
  send: () => Promise<{ event_id: string }>;
}

/**
 * Sends a test the way a real clap goes, and says how it ended; or, where it stands behind others that the receiver does not
 * take, why: that may take hours. An outcome is of the address that was tested, not of what is typed next.
 */
export function TestButton({ path, target, ready, label, send }: Props) {
  const eventId = useSignal("");
  const asking = useSignal(false);
  const refusal = useSignal("");
  const attempt = deliveryOf.value.get(eventId.value);
  const known = useSignal<Attempt | undefined>(undefined);
  const newest = newestOf(target);
  const obstacle = eventId.value && !attempt && newest && !newest.ok && !isSame(newest, known.value) ? newest : null;
  const waiting = asking.value || (eventId.value !== "" && !attempt && !obstacle);
  useSignalEffect(() => {
    if (drafts.value[path]?.state === "waiting") refusal.value = eventId.value = "";
  });

  const test = async () => {
    refusal.value = eventId.value = "";
    asking.value = true;
    await settle(path);
    known.value = newestOf(target);
    if (drafts.value[path]?.state !== "refused") {
      await send().then(
        (answer) => (eventId.value = answer.event_id),
        (error: unknown) => (refusal.value = inWords(error)),
      );
    }
    asking.value = false;
  };

  return (
    <>
      <button type="button" class="quiet" disabled={!ready || waiting} aria-label={label} onClick={test}>
        <span aria-hidden="true">🔔</span> {t("webhook.test")}
      </button>
      <p class="test-outcome" role="status">
        {waiting && t("webhook.testing")}
        {refusal.value && <Outcome shape="cross" words={t("webhook.test_failed", { reason: refusal.value })} />}
        {obstacle && <Outcome shape="triangle" words={t("webhook.test_behind", { reason: said(obstacle) })} />}
        {attempt && <Outcome shape={attempt.ok ? "check" : "cross"} words={`${outcome(attempt)}${inSteps(attempt)}`} />}
      </p>
    </>
  );
}

const newestOf = (target: string) => attempts.value.find(({ target_id }) => target_id === target);
const isSame = (one: Attempt, other: Attempt | undefined) => one.event_id === other?.event_id && one.number === other.number;

const STEPS = ["name", "connection", "tls", "answer"] as const;

/** How long each step took; the last one is where a failed attempt ended. */
function inSteps({ steps = {} }: Attempt): string {
  const taken = STEPS.filter((step) => step in steps).map((step) => t(`webhook.step.${step}`, { time: duration(steps[step] ?? 0) }));
  return taken.length > 0 ? ` (${taken.join(", ")})` : "";
}

function outcome(attempt: Attempt): string {
  const time = duration(attempt.took_s);
  if (attempt.ok) return attempt.status ? t("webhook.test_ok", { status: attempt.status, time }) : t("notify.test_ok", { time });
  const reason = said(attempt);
  if (attempt.retry_in_s === null) return t("webhook.test_failed", { reason });
  return t("webhook.test_retry", { reason, seconds: Math.ceil(attempt.retry_in_s) });
}
