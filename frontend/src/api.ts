// REST, addressed relatively so that the page works under a sub-path.
import { language } from "./i18n/index.ts";
import type { Device, Input, Invitation, Probed, Problem, SeenStream, Settings, SourceSettings } from "./wire.ts";

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
export const removeSource = (id: string) => ask<SourceSettings>("DELETE", sourcePath(id));
export const probeCamera = (input: Input, sourceId: string) =>
  ask<Probed>("POST", "api/probe/rtsp", { input, source_id: sourceId });
export const listStreams = (port: string) => ask<SeenStream[]>("GET", `api/vban/streams?port=${encodeURIComponent(port)}`);
export const testWebhook = (sourceId: string, webhookId: string) =>
  ask<{ event_id: string }>("POST", `${sourcePath(sourceId)}/webhook/test?webhook=${encodeURIComponent(webhookId)}`, {});

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
