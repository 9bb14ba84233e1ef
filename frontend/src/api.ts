// REST, addressed relatively so that the page works under a sub-path.
import { language } from "./i18n/index.ts";
import type { Device, Problem, Settings } from "./wire.ts";

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
export const listDevices = () => ask<Device[]>("GET", "api/devices");
export const testWebhook = (sourceId: string, webhookId: string) => {
  const path = `api/sources/${encodeURIComponent(sourceId)}/webhook/test?webhook=${encodeURIComponent(webhookId)}`;
  return ask<{ event_id: string }>("POST", path, {});
};

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
