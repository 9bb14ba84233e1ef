import { type Key, t } from "../i18n/index.ts";
import { link, now, type KnownStatus } from "../store.ts";
import { Shape, type ShapeName } from "./Shape.tsx";

const shapes: Record<KnownStatus["state"] | "off" | "unknown", ShapeName> = {
  live: "disc", connecting: "half", retrying: "triangle", failed: "cross", idle: "square", ended: "square", off: "square", unknown: "triangle",
};

/** State of a source, by shape and words; unknown without the service. */
export function SourceState({ status, enabled }: { status: KnownStatus | undefined; enabled: boolean }) {
  const known = enabled ? (status?.state ?? "idle") : "off";
  const state = link.value === "lost" ? "unknown" : known;
  return (
    <p class={`state state-${state}`} role="status">
      <Shape is={shapes[state]} />
      {state === "retrying" && status ? <Retrying status={status} /> : t(`state.${state}` satisfies Key)}
    </p>
  );
}

/** Counts down to the next attempt, but not to screen readers, which would say every second. */
function Retrying({ status }: { status: KnownStatus }) {
  if (!status.attempt) return <>{t("state.waiting")}</>; // it listens all the time: there is nothing to try again
  const left = Math.ceil(status.next_in_s - (now.value - status.learnt));
  return (
    <>
      <span aria-hidden="true">{left > 0 ? t("state.retrying_in", { seconds: left }) : t("state.retrying")}</span>
      <span class="unseen">{t("state.retrying")}</span>
    </>
  );
}
