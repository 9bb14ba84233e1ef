import { useSignal } from "@preact/signals";
import { ask } from "../../api.ts";
import { Title } from "../../components/Buttons.tsx";
import { Shape } from "../../components/Shape.tsx";
import { useDeed } from "../../deed.tsx";
import { clock, duration, iso } from "../../i18n/format.ts";
import { type Key, said, t } from "../../i18n/index.ts";
import { useSteady } from "../../press.ts";
import { attempts, chosen, sources } from "../../store.ts";
import { receiverOf } from "../../receivers.ts";
import type { DeliveryState } from "../../types.ts";
import type { Attempt, Delivery } from "../../wire.ts";
import { useAnswer } from "../../useAnswer.ts";
import { SourceChoice } from "./Filters.tsx";

const SHOWN = 20;
const STATES = ["", "waiting", "taken", "late", "unknown", "given_up"] as const;
const STEPS = ["name", "connection", "tls", "answer"] as const;
/** What stands for each state of a delivery. */
export const SHAPES = { waiting: "triangle", taken: "check", late: "cross", unknown: "triangle", given_up: "cross" } as const;

/** Deliveries: each with its newest attempts and answers; any of them can be sent again. */
export function DeliveryList({ newest }: { newest: string }) {
  const state = useSignal<DeliveryState | "">("");
  const { act, refusal } = useDeed();
  const { source } = chosen.value;
  const tried = attempts.value[0];
  const { answer, failure: refused } = useAnswer(
    () => ask("GET /api/deliveries", { query: { source, state: state.value, limit: SHOWN } }),
    [source, state.value, newest, `${tried?.delivery_id} ${tried?.number}`],
  ).value;
  const steady = useSteady(answer?.deliveries ?? [], ({ id }) => id);
  const again = (id: string) => void act(() => ask("POST /api/deliveries/{delivery_id}/replay", { path: { delivery_id: id } }));
  return (
    <section class="panel" aria-labelledby="told-title">
      <Title id="told-title" of="deliveries.title" />
      <div class="filters">
        <SourceChoice />
        <label>
          <span>{t("deliveries.which")}</span>
          <select value={state.value} onChange={(event) => (state.value = event.currentTarget.value as DeliveryState | "")}>
            {STATES.map((one) => <option key={one} value={one}>{t(`deliveries.state_${one || "any"}` satisfies Key)}</option>)}
          </select>
        </label>
      </div>
      {(refusal.value || refused) && <p class="save-state save-refused" role="alert">{refusal.value || refused}</p>}
      {answer?.deliveries.length === 0 && <p class="muted empty">{t("deliveries.empty")}</p>}
      <ul class="told">
        {steady.map((delivery) => <Delivery key={delivery.id} delivery={delivery} onReplay={again} />)}
      </ul>
    </section>
  );
}

function Delivery({ delivery, onReplay }: { delivery: Delivery; onReplay: (id: string) => void }) {
  const { attempts: tries, state } = delivery;
  const last = tries.at(-1);
  const name = sources.value.find(({ id }) => id === delivery.source_id)?.name ?? delivery.source_id;
  return (
    <li class={`outcome-${SHAPES[state] === "triangle" ? "again" : SHAPES[state]}`}>
      <time class="numbers" dateTime={iso(delivery.since)}>{clock(delivery.since)}</time>
      <span class="outcome"><Shape is={SHAPES[state]} />{t(`deliveries.state_${state}` satisfies Key)}</span>
      <span class="found-what">
        <b class="clip" dir="auto" title={name}>{name}</b>{" "}
        <span class="muted" dir="auto">{receiverOf(last ?? { target_id: delivery.target_id, url: "" })}</span>
        {tries.length > 0 && (
          <details>
            <summary>{t("deliveries.attempts", { count: last!.number })}</summary>
            <ol class="tries">{tries.map((attempt) => <Try key={attempt.number} attempt={attempt} />)}</ol>
          </details>
        )}
      </span>
      <span class="found-actions">
        <button type="button" class="quiet small" onClick={() => onReplay(delivery.id)}>{t("history.replay")}</button>
      </span>
    </li>
  );
}

function Try({ attempt }: { attempt: Attempt }) {
  const steps = STEPS.filter((step) => attempt.steps?.[step] !== undefined)
    .map((step) => `${t(`deliveries.step_${step}` satisfies Key)} ${duration(attempt.steps![step]!)}`);
  return (
    <li>
      <time class="numbers" dateTime={iso(attempt.at)}>{clock(attempt.at)}</time>{" · "}
      <span dir="auto">{attempt.ok ? t(attempt.status ? "deliveries.answer" : "deliveries.taken", { status: attempt.status }) : said(attempt)}</span>
      <span class="muted"> · {duration(attempt.took_s)}{steps.length > 0 && ` (${steps.join(", ")})`}</span>
      {attempt.excerpt && <code class="answer" dir="auto">{attempt.excerpt}</code>}
    </li>
  );
}
