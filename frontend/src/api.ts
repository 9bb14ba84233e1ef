// REST, addressed relatively so that the page works under a sub-path.
import { language } from "./i18n/index.ts";
import type { ClipTotal, Device, EventRecord, HistoryCount, HistoryFilter, HistoryPage } from "./wire.ts";
import type { Input, Invitation, Mark, Probed, Problem, SeenStream, Settings, SourceSettings, SourceState } from "./wire.ts";

/** The service answered that it will not, and why. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** The service did not answer. */
export class Unreachable extends Error {}

export const changeSettings = (patch: object) => ask<Settings>("PATCH", "api/settings", patch);
export const startDetection = () => ask<unknown>("POST", "api/detection/start", {});
export const stopDetection = () => ask<unknown>("POST", "api/detection/stop", {});
export const findMicro = () => ask<Invitation>("GET", "api/micro");
export const claimBrowser = (name: string, id: string) => ask<{ id: string }>("POST", "api/micro", { name, id });
export const listDevices = () => ask<Device[]>("GET", "api/devices");
export const readSettings = () => ask<Settings>("GET", "api/settings");
export const addSource = (source: object) => ask<SourceSettings>("POST", "api/sources", source);
export const changeSource = (id: string, patch: object) => ask<SourceSettings>("PATCH", sourcePath(id), patch);
export const readSource = (id: string) => ask<SourceState>("GET", sourcePath(id));
export const removeSource = (id: string) => ask<SourceSettings>("DELETE", sourcePath(id));
export const probeCamera = (input: Input, sourceId: string) =>
  ask<Probed>("POST", "api/probe/rtsp", { input, source_id: sourceId });
export const listStreams = (port: string) => ask<SeenStream[]>("GET", `api/vban/streams?port=${encodeURIComponent(port)}`);
export const testWebhook = (sourceId: string, webhookId: string) =>
  ask<{ event_id: string }>("POST", `${sourcePath(sourceId)}/webhook/test?webhook=${encodeURIComponent(webhookId)}`, {});

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
export const deleteClip = (id: string) => ask<{ deleted: number }>("DELETE", clipAddress(id));
export const countClips = () => ask<ClipTotal>("GET", "api/clips");
/** Delete all clips, or those from before a moment (UTC Unix seconds); detections stay. */
export const deleteClips = (before?: number) => ask<{ deleted: number }>("DELETE", `api/clips?${parameters({ before })}`);
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

const sourcePath = (id: string) => `api/sources/${encodeURIComponent(id)}`;

async function ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  const address = new URL(path, document.baseURI);
  address.searchParams.set("lang", language.value);
  const answer = await fetch(address, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    ...(body ? { body: JSON.stringify(body) } : {}),
  }).catch((error: unknown) => {
    throw new Unreachable(String(error));
  });
  const said: unknown = await answer.json().catch(() => null);
  if (answer.ok) return said as Answer;
  throw new Refused(isProblem(said) ? said : { code: "", message: "", status: answer.status });
}

function isProblem(said: unknown): said is Problem {
  return typeof said === "object" && said !== null && "code" in said && "message" in said;
}
