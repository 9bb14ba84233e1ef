// REST, addressed relatively so that the page works under a sub-path.
import { signal } from "@preact/signals";
import { language, unbroken } from "./i18n/index.ts";
import type { DeliveryState, HistoryFilter, ImportMode, Input, Mark } from "./types.ts";
import type { Answers, ProblemDocument, Queries } from "./wire.ts";

/** What is wrong, as the service says it; what is not ours (a proxy's answer) has no code. */
export type Problem = Pick<ProblemDocument, "code" | "message" | "status"> & Partial<ProblemDocument>;

/** The service answered that it will not, and why. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    const faults = problem.faults?.map((fault) => ({ ...fault, message: unbroken(fault.message) }));
    this.problem = { ...problem, message: unbroken(problem.message), ...(faults && { faults }) };
  }
}

/** The service did not answer, or something else did in its place. */
export class Unreachable extends Error {}

/** No answer takes so long; but the connection of a phone that has slept may be dead for many minutes before anybody says so. */
const PATIENCE_MS = 60_000;

/** With the revision that was seen, it is refused (`settings.stale`) once somebody else has changed anything. */
export const changeSettings = (body: object, revision?: string) => ask("PATCH /api/settings", { body, revision });
export const startDetection = () => ask("POST /api/detection/start");
export const stopDetection = () => ask("POST /api/detection/stop");
export const resumeModel = () => ask("POST /api/model/resume");
export const pauseModel = () => ask("POST /api/model/pause");
export const findMicro = () => ask("GET /api/micro");
export const claimBrowser = (name: string, id: string) => ask("POST /api/micro", { body: { name, id } });
export const listDevices = () => ask("GET /api/devices");
export const readSettings = () => ask("GET /api/settings");
export const addSource = (body: object) => ask("POST /api/sources", { body });
export const readState = () => ask("GET /api/state");
export const readSource = (source_id: string) => ask("GET /api/sources/{source_id}", { path: { source_id } });
export const removeSource = (source_id: string) => ask("DELETE /api/sources/{source_id}", { path: { source_id } });
export const probeMicrophone = (device: string) => ask("POST /api/probe/microphone", { body: { device } });
export const probeCamera = (input: Input, source_id: string) => ask("POST /api/probe/rtsp", { body: { input, source_id } });
export const listStreams = (port: string) => ask("GET /api/vban/streams", { query: { port } });
export const listPaths = () => ask("GET /api/mediamtx/paths");
export const startSelfTests = () => ask("POST /api/selftest");
export const readSelfTests = () => ask("GET /api/selftest");
export const listBackups = () => ask("GET /api/settings/backups");
export const keepBackup = () => ask("POST /api/settings/backups");
/** What restoring a backup would change, and the revision of the settings that it was compared with. */
export const compareBackup = (name: string) => ask("GET /api/settings/backups/{name}/diff", { path: { name } });
export const restoreBackup = (name: string, revision?: string) =>
  ask("POST /api/settings/backups/{name}/restore", { path: { name }, revision });
/** Where the browser downloads the settings without their secrets. */
export const SETTINGS_FILE = "api/settings/export";
/** The settings with their secrets: only after the person was warned. */
export const exportSecrets = () => ask("POST /api/settings/export", { body: { secrets: true } });
/** What importing a document would do; nothing is changed. Its `revision` goes into `takeImport`. */
export const previewImport = (body: object, mode?: ImportMode) =>
  ask("POST /api/settings/import/preview", { query: { mode }, body });
export const takeImport = (body: object, revision: string, mode?: ImportMode) =>
  ask("POST /api/settings/import", { query: { mode }, body, revision });

/** The newest changes, each of which can be undone; the newest first. */
export const listSteps = () => ask("GET /api/settings/steps");
/** What undoing is: a step in its turn. */
export const undoStep = (step_id: string) => ask("POST /api/settings/steps/{step_id}/undo", { path: { step_id } });

export const testWebhook = (source_id: string, webhook: string) =>
  ask("POST /api/sources/{source_id}/webhook/test", { path: { source_id }, query: { webhook } });
export const startProof = (source_id: string, receivers?: string[]) =>
  ask("POST /api/sources/{source_id}/proof", { path: { source_id }, body: { receivers } });
export const readProof = (source_id: string) => ask("GET /api/sources/{source_id}/proof", { path: { source_id } });
/** What a webhook as it is typed would send: for the last detection of a source, if any, and for examples. */
export const previewWebhook = (body: object, source: string) => ask("POST /api/webhooks/preview", { query: { source }, body });
export const readNotifier = () => ask("GET /api/notify");
export const testNotify = (notify_id: string) => ask("POST /api/notify/{notify_id}/test", { path: { notify_id } });
export const removeNotify = (notify_id: string) => ask("DELETE /api/notify/{notify_id}", { path: { notify_id } });

export const readHistory = (filter: HistoryFilter, limit: number, cursor = "") =>
  ask("GET /api/history", { query: { ...filter, limit, cursor } });
/** By the clocks of the reader, not of the service. */
export const countHistory = (filter: HistoryFilter, per: "hour" | "day") =>
  ask("GET /api/history/counts", { query: { ...filter, per, tz: timeZone() } });
/** Where the browser downloads a file of detections. */
export const historyFile = (filter: HistoryFilter, format: "csv" | "jsonl") =>
  `api/history/export?${new URLSearchParams(given({ ...filter, format, tz: timeZone() }))}`;
export const markDetection = (event_id: string, mark: Mark | null) =>
  ask("PATCH /api/history/{event_id}", { path: { event_id }, body: { mark } });
export const deleteDetection = (event_id: string) => ask("DELETE /api/history/{event_id}", { path: { event_id } });
/** Forget all, or what is older than `before` (UTC Unix seconds). */
export const forgetHistory = (before?: number) => ask("DELETE /api/history", { query: { before } });
/** Where the browser hears the sound around a detection (FLAC); 404 where none was kept. */
export const clipAddress = (id: string) => `api/history/${encodeURIComponent(id)}/clip`;
export const countClips = () => ask("GET /api/clips");
/** Delete all clips, or those from before a moment (UTC Unix seconds); detections stay. */
export const deleteClips = (before?: number) => ask("DELETE /api/clips", { query: { before } });
export const listDeliveries = (filter: { source?: string; state?: DeliveryState | "" }, limit: number) =>
  ask("GET /api/deliveries", { query: { ...filter, limit } });
export const replayDelivery = (delivery_id: string) =>
  ask("POST /api/deliveries/{delivery_id}/replay", { path: { delivery_id } });
export const replayDetection = (event_id: string) => ask("POST /api/history/{event_id}/replay", { path: { event_id } });

/** What a source has learnt of its place: see views/learn. */
export const readLearning = (source_id: string) => ask("GET /api/sources/{source_id}/learning", { path: { source_id } });
export const forgetLearning = (source_id: string) => ask("DELETE /api/sources/{source_id}/learning", { path: { source_id } });
export const forgetExample = (source_id: string, example_id: string) =>
  ask("DELETE /api/sources/{source_id}/learning/examples/{example_id}", { path: { source_id, example_id } });
export const undoLearning = (source_id: string) => ask("POST /api/sources/{source_id}/learning/undo", { path: { source_id } });
export const importProfile = (source_id: string, body: object) =>
  ask("PUT /api/sources/{source_id}/learning/profile", { path: { source_id }, body });
/** Where the browser downloads what a source has learnt. */
export const profileAddress = (id: string) => `api/sources/${encodeURIComponent(id)}/learning/profile`;
export const listCandidates = (source_id: string, limit: number) =>
  ask("GET /api/sources/{source_id}/candidates", { path: { source_id }, query: { limit } });
export const markCandidate = (source_id: string, candidate_id: string, mark: Mark | null) =>
  ask("POST /api/sources/{source_id}/candidates/{candidate_id}/mark", { path: { source_id, candidate_id }, body: { mark } });
export const startCalibration = (source_id: string, phase: "claps" | "noises") =>
  ask("POST /api/sources/{source_id}/calibration", { path: { source_id }, body: { phase } });
export const readCalibration = (source_id: string) => ask("GET /api/sources/{source_id}/calibration", { path: { source_id } });
export const endCalibration = (source_id: string) => ask("DELETE /api/sources/{source_id}/calibration", { path: { source_id } });
export const applyCalibration = (source_id: string) => ask("POST /api/sources/{source_id}/calibration/apply", { path: { source_id } });
export const removeCalibrationSound = (source_id: string, n: string) =>
  ask("DELETE /api/sources/{source_id}/calibration/sounds/{n}", { path: { source_id, n } });
export const askWhatIf = (source_id: string, body: object) => ask("POST /api/sources/{source_id}/what-if", { path: { source_id }, body });

/** The last 24 hours of each source. */
export const readDays = () => ask("GET /api/days");
/** Puts the sources in this order; those that are not named follow. */
export const orderSources = (ids: string[]) => ask("PUT /api/sources/order", { body: { ids } });
/** Patterns that are chosen by a word. */
export const listPatterns = () => ask("GET /api/patterns");
/** Arm, disarm or pause the house, a room or a source: when detections act. */
export const changeArming = (body: object) => ask("POST /api/arming", { body });
export const removeWebhook = (source_id: string, webhook_id: string) =>
  ask("DELETE /api/sources/{source_id}/webhooks/{webhook_id}", { path: { source_id, webhook_id } });
/** The sounds that can be reactions, and rhythms taught by clapping them: see views/reactions. */
export const listSounds = () => ask("GET /api/sounds");
export const removeTrigger = (source_id: string, trigger_id: string) =>
  ask("DELETE /api/sources/{source_id}/triggers/{trigger_id}", { path: { source_id, trigger_id } });
export const beginLesson = (source_id: string) => ask("POST /api/sources/{source_id}/rhythms/lesson", { path: { source_id } });
export const readLesson = (source_id: string) => ask("GET /api/sources/{source_id}/rhythms/lesson", { path: { source_id } });
export const endLesson = (source_id: string) => ask("DELETE /api/sources/{source_id}/rhythms/lesson", { path: { source_id } });
export const applyLesson = (source_id: string, body: object) => ask("POST /api/sources/{source_id}/rhythms/lesson/apply", { path: { source_id }, body });
export const readAccess = () => ask("GET /api/access");
export const logIn = (password: string) => ask("POST /api/access/login", { body: { password } });
export const logOut = () => ask("POST /api/access/logout");
export const choosePassword = (body: { password: string; current?: string; code?: string }) =>
  ask("PUT /api/access/password", { body });
export const listTokens = () => ask("GET /api/access/tokens");
export const createToken = (name: string) => ask("POST /api/access/tokens", { body: { name } });
export const revokeToken = (token_id: string) => ask("DELETE /api/access/tokens/{token_id}", { path: { token_id } });

const timeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** How often the service has asked for a login instead of answering. */
export const shutOut = signal(0);

type Route = keyof Answers;
/** The names between braces in a path. */
type Placeholders<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholders<Rest> : never;
/** Parameters of an address; those without a value, or with an empty one, are left out. */
type Query<R> = R extends keyof Queries ? { [Name in keyof Queries[R]]?: Queries[R][Name] | string | undefined } : never;
type Sent<R> = { query?: Query<R>; body?: object; revision?: string | undefined } & ([Placeholders<R>] extends [never] ? unknown : { path: Record<Placeholders<R>, string> });

/** Asks for a route of the API, and gives its answer, or throws `Refused` or `Unreachable`. */
async function ask<R extends Route>(route: R, ...[sent]: [Placeholders<R>] extends [never] ? [sent?: Sent<R>] : [sent: Sent<R>]): Promise<Answers[R]> {
  const { path, query, body, revision } = (sent ?? {}) as Sent<R> & { path?: Record<string, string> };
  const [method, template] = route.split(" /") as [string, string];
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path?.[name] ?? ""));
  const address = new URL(filled, document.baseURI);
  Object.entries(given({ ...query, lang: language.value })).forEach(([name, value]) => address.searchParams.set(name, value));
  const { ok, status, said } = await exchange(address, {
    method,
    headers: {
      ...(body ? { "Content-Type": "application/json" } : {}),
      ...(revision ? { "If-Match": `"${revision}"` } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (ok && said !== null) return said as Answers[R];
  if (ok) throw new Unreachable("not JSON");
  if (status === 401) shutOut.value += 1;
  throw new Refused(isProblem(said) ? said : { code: "", message: "", status });
}

function given(values: Record<string, unknown>): Record<string, string> {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

/** Sends and hears out; `said` is null where that is no JSON, as of a proxy that answers in the service's place. */
async function exchange(address: URL, request: RequestInit): Promise<{ ok: boolean; status: number; said: unknown }> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(address, { ...request, signal: patience.signal });
    return { ok: answer.ok, status: answer.status, said: parsed(await answer.text()) };
  } catch (error) {
    throw new Unreachable(String(error));
  } finally {
    clearTimeout(timer);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isProblem(said: unknown): said is Problem {
  return typeof said === "object" && said !== null && "code" in said && "message" in said;
}
