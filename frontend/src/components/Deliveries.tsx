import { useSignal } from "@preact/signals";
import { clock, duration, iso } from "../i18n/format.ts";
import { said, t } from "../i18n/index.ts";
import { receiverOf } from "../receivers.ts";
import { attempts } from "../store.ts";
import type { Attempt } from "../wire.ts";
import { Shape } from "./Shape.tsx";
import { ShowMore } from "./ShowMore.tsx";

const SHOWN = 5;

/** Every attempt at a delivery, newest first, with its answer. */
export function Deliveries() {
  const all = useSignal(false);
  const shown = all.value ? attempts.value : attempts.value.slice(0, SHOWN);
  return (
    <section class="panel deliveries-panel" aria-labelledby="deliveries-title">
      <h2 id="deliveries-title">{t("deliveries.title")}</h2>
      {shown.length === 0 && <p class="muted empty">{t("deliveries.empty")}</p>}
      <ul class="deliveries">
        {shown.map((attempt) => <Delivery key={`${attempt.event_id} ${attempt.target_id} ${attempt.number}`} attempt={attempt} />)}
      </ul>
      <ShowMore all={all} count={attempts.value.length} shown={SHOWN} />
    </section>
  );
}

function Delivery({ attempt }: { attempt: Attempt }) {
  const shape = attempt.ok ? "check" : attempt.retry_in_s === null ? "cross" : "triangle";
  return (
    <li class={`outcome-${shape === "triangle" ? "again" : shape}`}>
      <Shape is={shape} />
      <time class="numbers" dateTime={iso(attempt.at)}>{clock(attempt.at)}</time>
      <span class="delivery-url clip" dir="auto" title={receiverOf(attempt)}>{receiverOf(attempt)}</span>
      <span class="delivery-words" dir="auto">
        {attempt.event_id.startsWith("test:") && <b class="tag">{t("deliveries.test")}</b>}
        {attempt.ok ? t(attempt.status ? "deliveries.answer" : "deliveries.taken", { status: attempt.status }) : said(attempt)}
      </span>
      <span class="numbers muted">{t("deliveries.attempt", { number: attempt.number })} · {duration(attempt.took_s)}</span>
    </li>
  );
}
