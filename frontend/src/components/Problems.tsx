import { useSignal } from "@preact/signals";
import { said, t } from "../i18n/index.ts";
import { notifyName, notifyTarget } from "../receivers.ts";
import { attempts, failure, problems, settings, sources } from "../store.ts";
import type { Attempt } from "../wire.ts";
import { Shape } from "./Shape.tsx";
import { ShowMore } from "./ShowMore.tsx";

/** So many are shown at once: the page itself shall be seen, on a phone too. */
const SHOWN = 2;

/** Current problems, in words, above everything else. */
export function Problems() {
  const all = useSignal(false);
  const sentences = [...new Set([...problems.value.map(said), ...deafReceivers()])]; // two webhooks may fail alike
  if (!failure.value && sentences.length === 0) return null;
  return (
    <section class="problems" aria-label={t("problems.title")}>
      {failure.value && <Problem sentence={failure.value} dismiss={() => (failure.value = "")} />}
      {(all.value ? sentences : sentences.slice(0, SHOWN)).map((sentence) => <Problem key={sentence} sentence={sentence} />)}
      <ShowMore all={all} count={sentences.length} shown={SHOWN} />
    </section>
  );
}

/** Receivers whose last delivery failed for good. */
function deafReceivers(): string[] {
  const webhooks = sources.value.flatMap((source) => source.webhooks.flatMap((webhook) => {
    const reason = webhook.enabled && whyGivenUp(`${source.id}.${webhook.id}`, source.name);
    return reason ? [t("problems.webhook", { source: source.name, reason })] : [];
  }));
  const services = (settings.value?.notify ?? []).flatMap((one) => {
    const reason = one.enabled && whyGivenUp(notifyTarget(one), notifyName(one));
    return reason ? [t("problems.notify", { name: notifyName(one), reason })] : [];
  });
  return [...webhooks, ...services];
}

function whyGivenUp(targetId: string, whose: string): string {
  const isOver = ({ ok, retry_in_s }: Attempt) => ok || retry_in_s === null; // while a newer one is tried, this stays said
  const last = attempts.value.find((attempt) => attempt.target_id === targetId && isOver(attempt));
  return last && !last.ok && !isSaidToBeDown(last, whose) ? said(last) : "";
}

/** Whether the service says of this receiver already that it does not answer. */
const isSaidToBeDown = ({ url }: Attempt, whose: string) =>
  problems.value.some(({ code, params }) => code === "delivery.open" && params["source"] === whose && params["url"] === url);

function Problem({ sentence, dismiss }: { sentence: string; dismiss?: () => void }) {
  return (
    <p class="problem" role="alert">
      <Shape is="triangle" />
      <span dir="auto">{sentence}</span>
      {dismiss && (
        <button type="button" class="quiet icon-only" aria-label={t("problems.dismiss")} onClick={dismiss}>
          <Shape is="cross" />
        </button>
      )}
    </p>
  );
}
