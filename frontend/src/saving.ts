// Settings that save themselves. What a person types is a draft, kept beside the service's truth until the service has
// taken it; a refusal stays beside its field with the reason, and nothing that is being typed is ever overwritten.
import { signal } from "@preact/signals";
import { Refused, changeSettings } from "./api.ts";
import { t } from "./i18n/index.ts";
import { takeSettings } from "./store.ts";
import type { Pattern } from "./wire.ts";

export type Value = string | number | boolean | Pattern[] | number[] | Record<string, string | null>;

export interface Draft {
  /** What is shown, exactly as typed. */
  text: string;
  /** What is sent. */
  value: Value;
  state: "waiting" | "saving" | "saved" | "refused" | "unreachable";
  reason: string;
}

export const drafts = signal<Record<string, Draft>>({});

const SHOW_SAVED_MS = 1500;
const LISTS = ["sources", "webhooks"];
const timers = new Map<string, ReturnType<typeof setTimeout>>();
let queue: Promise<unknown> = Promise.resolve();

/** Keeps a draft of the setting at `path` (like "sources.microphone.webhooks.webhook.url") and saves it after a pause. */
export function edit(path: string, value: Value, pauseMs: number, text = String(value)): void {
  put(path, { text, value, state: "waiting", reason: "" });
  schedule(path, pauseMs, () => save(path));
}

/** Saves the draft at `path` now, as when its field is left; resolves when the service has answered everything. */
export async function settle(path: string): Promise<void> {
  if (drafts.value[path]?.state === "waiting") save(path);
  await queue;
}

/** Forgets the draft: the field shows the service's truth again. */
export function discard(path: string): void {
  clearTimeout(timers.get(path));
  put(path, null);
}

/** Forgets every draft below `prefix`: what it was about is gone. */
export function discardAll(prefix: string): void {
  for (const path of Object.keys(drafts.value)) if (path.startsWith(prefix)) discard(path);
}

/** Tries again what could not be saved for want of a connection. */
export function attemptSaving(): void {
  for (const [path, draft] of Object.entries(drafts.value)) if (draft.state === "unreachable") save(path);
}

/** Asks again about what was refused, so that the reason comes in the language just chosen. */
export function repeatRefused(): void {
  for (const [path, draft] of Object.entries(drafts.value)) if (draft.state === "refused") save(path);
}

/** Does something that changes settings in its turn: answers out of turn would show older settings over newer ones. */
export function inTurn<Answer>(change: () => Promise<Answer>): Promise<Answer> {
  const done = queue.then(change);
  queue = done.catch(() => undefined);
  return done;
}

function save(path: string): void {
  const draft = drafts.value[path];
  if (!draft) return;
  clearTimeout(timers.get(path));
  put(path, { ...draft, state: "saving" });
  void inTurn(() => send(path, draft.value));
}

async function send(path: string, value: Value): Promise<void> {
  const outcome = await changeSettings(patchFor(path, value)).then(takeSettings).then(() => null, explain(path));
  const draft = drafts.value[path];
  if (!draft || draft.value !== value || draft.state === "waiting") return; // edited meanwhile: that edit will be sent
  put(path, { ...draft, ...(outcome ?? { state: "saved", reason: "" }) });
  if (outcome) return;
  schedule(path, SHOW_SAVED_MS, () => put(path, null));
}

const explain = (path: string) => (error: unknown): Pick<Draft, "state" | "reason"> => {
  if (!(error instanceof Refused)) return { state: "unreachable", reason: t("saving.unreachable") };
  const { faults, message, status } = error.problem;
  const fault = faults?.find((one) => one.path === path) ?? faults?.[0];
  return { state: "refused", reason: fault?.message || message || t("error.answer", { status }) };
};

/** "sources.ID.a.b" → {sources: [{id: ID, a: {b: value}}]}: the service merges sources, and their webhooks, by id. */
export function patchFor(path: string, value: Value): object {
  const nest = (steps: string[]): unknown => {
    const [step, ...rest] = steps;
    if (step === undefined) return value;
    if (!LISTS.includes(step)) return { [step]: nest(rest) };
    const [id, ...within] = rest;
    return { [step]: [{ id, ...(nest(within) as object) }] };
  };
  return nest(path.split(".")) as object;
}

function schedule(path: string, pauseMs: number, then: () => void): void {
  clearTimeout(timers.get(path));
  timers.set(path, setTimeout(then, pauseMs));
}

function put(path: string, draft: Draft | null): void {
  const { [path]: _, ...others } = drafts.value;
  drafts.value = draft ? { ...others, [path]: draft } : others;
}
