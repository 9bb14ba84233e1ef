import { type Key, t } from "../i18n/index.ts";
import { type KnownStatus, link, now } from "../store.ts";
import type { SourceSettings } from "../types.ts";
import { Shape, type ShapeName } from "./Shape.tsx";

const shapes: Record<KnownStatus["state"] | "off" | "unknown", ShapeName> = {
  live: "disc", connecting: "half", retrying: "triangle", failed: "cross", idle: "square", ended: "square", off: "square", unknown: "triangle",
};

/** State of a source, by shape and words; unknown without the service. A screen reader, which is told of news, hears whose. */
export function SourceState({ source: { name, enabled }, status }: { source: SourceSettings; status: KnownStatus | undefined }) {
  const known = enabled ? (status?.state ?? "idle") : "off";
  const state = link.value === "lost" ? "unknown" : known;
  return (
    <p class={`state state-${state}`} role="status">
      <Shape is={shapes[state]} /><span class="unseen" dir="auto">{name}, </span>
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

const lines: Record<string, string> = {
  microphone: "M9 6a3 3 0 0 1 6 0v5a3 3 0 0 1-6 0zM5 11a7 7 0 0 0 14 0M12 18v3M9 21h6",
  rtsp: "M3 8a2 2 0 0 1 2-2h9a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM16 11l5-3v8l-5-3",
  vban: "M12 20v-7M12 13a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM8 15.500a5.500 5.500 0 1 1 8 0M5 18.500a10 10 0 1 1 14 0",
  file: "M6 3h8l4 4v14H6zM14 3v4h4M9 17v-3M12 18v-6M15 16v-2",
  wyoming: "M8 9a4 4 0 0 1 8 0v6a4 4 0 0 1-8 0zM12 12h.01M4 9v6M20 9v6",
  satellite: "M8 9a4 4 0 0 1 8 0v6a4 4 0 0 1-8 0zM12 12h.01M4 9v6M20 9v6",
  browser: "M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2",
};

/** A drawing of a kind of source. */
export function SourceIcon({ kind }: { kind: string }) {
  return <svg class="source-icon" viewBox="0 0 24 24" aria-hidden="true"><path d={lines[kind] ?? lines["microphone"]} /></svg>;
}
