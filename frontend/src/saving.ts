// Settings that save themselves. What a person types is a draft, kept beside the service's truth until the service has
// taken it; a refusal stays beside its field with the reason, and nothing that is being typed is ever overwritten.
//
// What somebody else has changed meanwhile is not overwritten unseen: each change goes with the revision that the page has
// seen. If that is stale, the page looks again, and sends the change again where this very field is still as it was.
import { Refused, changeSettings, readSettings } from "./api.ts";
import { BY_ID, BY_PLACE } from "./fields.ts";
import { t } from "./i18n/index.ts";
import { released } from "./press.ts";
import { takeOwn } from "./offers.ts";
import { drafts, link, settings, takeSettings } from "./store.ts";
import type { PatternSettings, QuietHours } from "./wire.ts";

export type Value = string | number | boolean | null | PatternSettings[] | QuietHours[] | number[] | string[] | Record<string, string | null>;

export interface Draft {
  /** What is shown, exactly as typed. */
  text: string;
  /** What is sent. */
  value: Value;
  /** What the service had, and the person saw, when they began. */
  base: unknown;
  state: "waiting" | "saving" | "saved" | "refused" | "unreachable";
  reason: string;
  /** Where in the value that is refused the fault is, as a path. */
  at?: string | undefined;
  /** Refused because somebody else has changed the same field; sent all the same once it is typed again. */
  elsewhere?: boolean;
}

/** Somebody else has changed the same thing meanwhile. */
class ChangedElsewhere extends Error {}

const SHOW_SAVED_MS = 1500;
const SAVE_AGAIN_MS = 2000;
const MOST_TRIES = 4;
const timers = new Map<string, ReturnType<typeof setTimeout>>();
let queue: Promise<unknown> = Promise.resolve();

/** Keeps a draft of the setting at `path` (like "sources.microphone.webhooks.webhook.url") and saves it after a pause. */
export function edit(path: string, value: Value, pauseMs: number, text = String(value)): void {
  const known = drafts.value[path];
  put(path, { text, value, base: known ? known.base : valueAt(path), state: "waiting", reason: "" });
  schedule(path, pauseMs, () => save(path));
}

/** Saves the draft at `path` now, as when its field is left; resolves when the service has answered everything. */
export async function settle(path: string): Promise<void> {
  await released(); // a field is left by pressing something, which must stay where it is
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

/** Forgets the drafts that are saved: their fields show what the service has from now on. */
export function showTruth(): void {
  for (const [path, draft] of Object.entries(drafts.value)) if (draft.state === "saved") discard(path);
}

/** Tries again what could not be saved for want of a connection. */
export function attemptSaving(): void {
  for (const [path, draft] of Object.entries(drafts.value)) if (draft.state === "unreachable") save(path);
}

/** Asks again about what was refused, so that the reason comes in the language just chosen. */
export function repeatRefused(): void {
  for (const [path, draft] of Object.entries(drafts.value)) {
    if (draft.elsewhere) put(path, { ...draft, reason: elsewhere(path) });
    else if (draft.state === "refused") save(path);
  }
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
  const isAsSeen = () => {
    const truth = valueAt(path);
    return same(truth, drafts.value[path]?.base) || same(truth, value);
  };
  const outcome = await changeSeen(() => patchFor(path, value), isAsSeen).then(() => null, explain(path));
  await released();
  const draft = drafts.value[path];
  if (!draft) return;
  const base = outcome && !outcome.elsewhere ? draft.base : valueAt(path);
  if (draft.value !== value || draft.state === "waiting") { // edited meanwhile: that edit will be sent
    put(path, { ...draft, base });
    return;
  }
  put(path, { ...draft, base, ...(outcome ?? { state: "saved", reason: "" }) });
  if (outcome?.state === "unreachable" && link.value === "connected") schedule(path, SAVE_AGAIN_MS, () => save(path));
  if (outcome) return;
  schedule(path, SHOW_SAVED_MS, () => put(path, null));
}

/** Changes the settings unless `isAsSeen` finds, in what the service has now, that somebody else has changed what is changed. */
export async function changeSeen(patch: () => object, isAsSeen: () => boolean): Promise<void> {
  for (let tries = 1; ; tries++) {
    if (!isAsSeen()) throw new ChangedElsewhere();
    try {
      takeOwn(await changeSettings(patch(), settings.value?.revision));
      return;
    } catch (error) {
      if (!(error instanceof Refused && error.problem.code === "settings.stale") || tries === MOST_TRIES) throw error;
      takeSettings(await readSettings());
    }
  }
}

/** Whether two values say the same, in whatever order their keys came: answers and news do not agree on one. */
export const same = (one: unknown, other: unknown) => JSON.stringify(one, sorted) === JSON.stringify(other, sorted);
const sorted = (_: string, value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
export const isElsewhere = (error: unknown) => error instanceof ChangedElsewhere;

const explain = (path: string) => (error: unknown): Pick<Draft, "state" | "reason" | "elsewhere" | "at"> => {
  if (isElsewhere(error)) return { state: "refused", reason: elsewhere(path), elsewhere: true };
  if (!(error instanceof Refused)) return { state: "unreachable", reason: t("saving.unreachable") };
  const { faults, message, status } = error.problem;
  const fault = faults?.find((one) => one.path === path) ?? faults?.[0];
  return { state: "refused", reason: fault?.message || message || t("error.answer", { status }), at: fault?.path };
};

/** Says what somebody else has made of a field. */
function elsewhere(path: string): string {
  const truth = valueAt(path);
  return typeof truth === "object" || truth === undefined ? t("saving.elsewhere") : t("saving.elsewhere_value", { value: String(truth) });
}

/** What the service has at "sources.ID.a.b"; undefined where there is nothing. */
export function valueAt(path: string): unknown {
  let here: unknown = settings.value;
  for (const step of path.split(".")) {
    if (Array.isArray(here)) here = here.find((entry, at) => (entry.id ?? String(at)) === step);
    else here = typeof here === "object" && here !== null ? (here as Record<string, unknown>)[step] : undefined;
  }
  return here;
}

/**
 * "sources.ID.a.b" → {sources: [{id: ID, a: {b: value}}]}: the service merges what has ids by them; a list without ids is sent
 * whole, as it is now but for what is changed.
 */
function patchFor(path: string, value: Value): object {
  const steps = path.split(".");
  const nest = (at: number): unknown => {
    const [step, entry] = [steps[at], steps[at + 1]];
    if (step === undefined) return value;
    if (entry === undefined || ![...BY_ID, ...BY_PLACE].includes(step)) return { [step]: nest(at + 1) }; // the last "sources" of "notify.ID.sources" is a value
    const changed = nest(at + 2) as object;
    if (BY_ID.includes(step)) return { [step]: [{ id: entry, ...changed }] };
    const known = valueAt(steps.slice(0, at + 1).join(".")) as object[];
    return { [step]: known.map((one, place) => (String(place) === entry ? { ...one, ...changed } : one)) };
  };
  return nest(0) as object;
}

function schedule(path: string, pauseMs: number, then: () => void): void {
  clearTimeout(timers.get(path));
  timers.set(path, setTimeout(then, pauseMs));
}

function put(path: string, draft: Draft | null): void {
  const { [path]: _, ...others } = drafts.value;
  drafts.value = draft ? { ...others, [path]: draft } : others;
}
