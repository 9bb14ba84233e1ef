import { said, t } from "../i18n/index.ts";
import { notifyName, notifyTarget } from "../receivers.ts";
import { attempts, failure, problems, settings, sources } from "../store.ts";
import type { Attempt } from "../wire.ts";
import { Menu } from "./Buttons.tsx";
import { Shape } from "./Shape.tsx";

/** Current problems: the first in the bar at the top, where it moves nothing; all of them behind it. */
export function Problems() {
  const sentences = [...new Set([...(failure.value ? [failure.value] : []), ...problems.value.map(said), ...deafReceivers()])]; // two webhooks may fail alike
  const [first, ...more] = sentences;
  if (!first) return null;
  const sign = <><Shape is="triangle" /><span class="clip" dir="auto">{first}</span>{more.length > 0 && <b class="numbers">+{more.length}</b>}</>;
  return (
    <section class="problem-slot" aria-label={t("problems.title")}>
      <Menu kind="problems" label={t("problems.title")} sign={sign}>
        <ul>{sentences.map((sentence) => <li key={sentence} dir="auto">{sentence}</li>)}</ul>
        {failure.value && <button type="button" class="quiet small" onClick={() => (failure.value = "")}>{t("problems.dismiss")}</button>}
      </Menu>
      <div class="unseen" role="alert">{sentences.map((sentence) => <p key={sentence}>{sentence}</p>)}</div>
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
