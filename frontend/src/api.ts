// REST, addressed relatively so that the page works under a sub-path.
import { signal } from "@preact/signals";
import { language, unbroken } from "./i18n/index.ts";
import type { AccessState, ApiToken } from "./wire.ts";
import type { StreamPaths } from "./wire.ts";
import type { ClipTotal, DeliveryPage, DeliveryState, Device, EventRecord, HistoryCount, HistoryFilter, HistoryPage } from "./wire.ts";
import type { Backup, Change, ImportMode, ImportPreview, Notifier, Step, WebhookPreview } from "./wire.ts";
import type { Input, Invitation, Mark, Measured, Probed, Problem, SeenStream, SelfTestRun, Settings, Snapshot, SourceSettings, SourceState } from "./wire.ts";

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
export const changeSettings = (patch: object, revision?: string) =>
  ask<Settings>("PATCH", "api/settings", patch, revision);
export const startDetection = () => ask<unknown>("POST", "api/detection/start", {});
export const stopDetection = () => ask<unknown>("POST", "api/detection/stop", {});
export const resumeModel = () => ask<unknown>("POST", "api/model/resume", {});
export const pauseModel = () => ask<unknown>("POST", "api/model/pause", {});
export const findMicro = () => ask<Invitation>("GET", "api/micro");
export const claimBrowser = (name: string, id: string) => ask<{ id: string }>("POST", "api/micro", { name, id });
export const listDevices = () => ask<Device[]>("GET", "api/devices");
export const readSettings = () => ask<Settings>("GET", "api/settings");
export const addSource = (source: object) => ask<SourceSettings>("POST", "api/sources", source);
export const readState = () => ask<Snapshot>("GET", "api/state");
export const readSource = (id: string) => ask<SourceState>("GET", sourcePath(id));
export const removeSource = (id: string) => ask<SourceSettings>("DELETE", sourcePath(id));
export const probeMicrophone = (device: string) => ask<Measured>("POST", "api/probe/microphone", { device });
export const probeCamera = (input: Input, sourceId: string) =>
  ask<Probed>("POST", "api/probe/rtsp", { input, source_id: sourceId });
export const listStreams = (port: string) => ask<SeenStream[]>("GET", `api/vban/streams?port=${encodeURIComponent(port)}`);
export const listPaths = () => ask<StreamPaths>("GET", "api/mediamtx/paths");
export const startSelfTests = () => ask<SelfTestRun>("POST", "api/selftest", {});
export const readSelfTests = () => ask<SelfTestRun>("GET", "api/selftest");
export const listBackups = () => ask<{ backups: Backup[] }>("GET", "api/settings/backups");
export const keepBackup = () => ask<Backup>("POST", "api/settings/backups");
/** What restoring a backup would change, and the revision of the settings that it was compared with. */
export const compareBackup = (name: string) => ask<{ changes: Change[]; revision: string }>("GET", `${backupPath(name)}/diff`);
export const restoreBackup = (name: string, revision?: string) =>
  ask<{ changes: Change[]; settings: Settings }>("POST", `${backupPath(name)}/restore`, {}, revision);
/** Where the browser downloads the settings without their secrets. */
export const SETTINGS_FILE = "api/settings/export";
/** The settings with their secrets: only after the person was warned. */
export const exportSecrets = () => ask<object>("POST", "api/settings/export", { secrets: true });
/** What importing a document would do; nothing is changed. Its `revision` goes into `takeImport`. */
export const previewImport = (document: object, mode?: ImportMode) =>
  ask<ImportPreview & { revision: string }>("POST", `api/settings/import/preview?${parameters({ mode })}`, document);
export const takeImport = (document: object, revision: string, mode?: ImportMode) =>
  ask<ImportPreview & { settings: Settings }>("POST", `api/settings/import?${parameters({ mode })}`, document, revision);

/** The newest changes, each of which can be undone; the newest first. */
export const listSteps = () => ask<{ steps: Step[] }>("GET", "api/settings/steps");
/** What undoing is: a step in its turn. */
export const undoStep = (id: string) =>
  ask<{ step: Step; settings: Settings }>("POST", `api/settings/steps/${encodeURIComponent(id)}/undo`);

const backupPath = (name: string) => `api/settings/backups/${encodeURIComponent(name)}`;

export const testWebhook = (sourceId: string, webhookId: string) =>
  ask<{ event_id: string }>("POST", `${sourcePath(sourceId)}/webhook/test?webhook=${encodeURIComponent(webhookId)}`, {});
/** What a webhook as it is typed would send: for the last detection of a source, if any, and for examples. */
export const previewWebhook = (webhook: object, sourceId: string) =>
  ask<WebhookPreview>("POST", `api/webhooks/preview?${parameters({ source: sourceId })}`, webhook);
export const readNotifier = () => ask<Notifier>("GET", "api/notify");
export const testNotify = (id: string) => ask<{ event_id: string }>("POST", `api/notify/${encodeURIComponent(id)}/test`);
export const removeNotify = (id: string) => ask<Settings>("DELETE", `api/notify/${encodeURIComponent(id)}`);

export const readHistory = (filter: HistoryFilter, limit: number, cursor = "") =>
  ask<HistoryPage>("GET", `api/history?${parameters({ ...filter, limit, cursor })}`);
/** By the clocks of the reader, not of the service. */
export const countHistory = (filter: HistoryFilter, per: "hour" | "day") => {
  const tz = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return ask<{ per: string; counts: HistoryCount[] }>("GET", `api/history/counts?${parameters({ ...filter, per, tz })}`);
};
/** Where the browser downloads a file of detections. */
export const historyFile = (filter: HistoryFilter, format: "csv" | "jsonl") =>
  `api/history/export?${parameters({ ...filter, format, tz: Intl.DateTimeFormat().resolvedOptions().timeZone })}`;
export const markDetection = (id: string, mark: Mark | null) => ask<EventRecord>("PATCH", detectionPath(id), { mark });
/** Forget all, or what is older than `before` (UTC Unix seconds). */
export const forgetHistory = (before?: number) =>
  ask<{ deleted: number; clips: number }>("DELETE", `api/history?${parameters({ before })}`);
/** Where the browser hears the sound around a detection (FLAC); 404 where none was kept. */
export const clipAddress = (id: string) => `${detectionPath(id)}/clip`;
export const countClips = () => ask<ClipTotal>("GET", "api/clips");
/** Delete all clips, or those from before a moment (UTC Unix seconds); detections stay. */
export const deleteClips = (before?: number) => ask<{ deleted: number }>("DELETE", `api/clips?${parameters({ before })}`);
export const listDeliveries = (filter: { source?: string; state?: DeliveryState | "" }, limit: number) =>
  ask<DeliveryPage>("GET", `api/deliveries?${parameters({ ...filter, limit })}`);
export const replayDelivery = (id: string) =>
  ask<{ event_id: string }>("POST", `api/deliveries/${encodeURIComponent(id)}/replay`);
export const replayDetection = (id: string) =>
  ask<{ event_id: string; receivers: number }>("POST", `${detectionPath(id)}/replay`);

const detectionPath = (id: string) => `api/history/${encodeURIComponent(id)}`;

/** Put values into an address; what has none is left out. */
function parameters(values: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

export const removeWebhook = (sourceId: string, webhookId: string) =>
  ask<SourceSettings>("DELETE", `${sourcePath(sourceId)}/webhooks/${encodeURIComponent(webhookId)}`);
export const readAccess = () => ask<AccessState>("GET", "api/access");
export const logIn = (password: string) => ask<AccessState>("POST", "api/access/login", { password });
export const logOut = () => ask<AccessState>("POST", "api/access/logout", {});
export const choosePassword = (chosen: { password: string; current?: string; code?: string }) =>
  ask<AccessState>("PUT", "api/access/password", chosen);
export const listTokens = () => ask<ApiToken[]>("GET", "api/access/tokens");
export const createToken = (name: string) => ask<ApiToken & { token: string }>("POST", "api/access/tokens", { name });
export const revokeToken = (id: string) => ask<ApiToken>("DELETE", `api/access/tokens/${encodeURIComponent(id)}`);

const sourcePath = (id: string) => `api/sources/${encodeURIComponent(id)}`;

/** How often the service has asked for a login instead of answering. */
export const shutOut = signal(0);

async function ask<Answer>(method: string, path: string, body?: object, revision?: string): Promise<Answer> {
  const address = new URL(path, document.baseURI);
  address.searchParams.set("lang", language.value);
  const { ok, status, said } = await exchange(address, {
    method,
    headers: {
      ...(body ? { "Content-Type": "application/json" } : {}),
      ...(revision ? { "If-Match": `"${revision}"` } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (ok && said !== null) return said as Answer;
  if (ok) throw new Unreachable("not JSON");
  if (status === 401) shutOut.value += 1;
  throw new Refused(isProblem(said) ? said : { code: "", message: "", status });
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
