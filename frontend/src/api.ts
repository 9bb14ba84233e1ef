// REST, addressed relatively so that the page works under a sub-path.
import { language, t, unbroken } from "./i18n/index.ts";
import { shutOut } from "./store.ts";
import type { HistoryFilter } from "./types.ts";
import type { Answers, ProblemDocument, Queries } from "./wire.ts";

/** What is wrong, as the service says it; what is not ours (a proxy's answer) has no code. */
type Problem = Pick<ProblemDocument, "code" | "message" | "status"> & Partial<ProblemDocument>;

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
class Unreachable extends Error {}

/** No answer takes so long; but the connection of a phone that has slept may be dead for many minutes before anybody says so. */
const PATIENCE_MS = 60_000;

/** With the revision that was seen, it is refused (`settings.stale`) once somebody else has changed anything. */
export const changeSettings = (body: object, revision?: string) => ask("PATCH /api/settings", { body, revision });
export const readSettings = () => ask("GET /api/settings");
export const addSource = (body: object) => ask("POST /api/sources", { body });
/** Where the browser downloads the settings without their secrets. */
export const SETTINGS_FILE = "api/settings/export";

/** The newest changes, each of which can be undone; the newest first. */
export const listSteps = () => ask("GET /api/settings/steps");
export const startProof = (source_id: string, receivers?: string[]) =>
  ask("POST /api/sources/{source_id}/proof", { path: { source_id }, body: { receivers } });
export const readProof = (source_id: string) => ask("GET /api/sources/{source_id}/proof", { path: { source_id } });

export const readHistory = (filter: HistoryFilter, limit: number, cursor = "") =>
  ask("GET /api/history", { query: { ...filter, limit, cursor } });
/** By the clocks of the reader, not of the service. */
export const countHistory = (filter: HistoryFilter, per: "hour" | "day") =>
  ask("GET /api/history/counts", { query: { ...filter, per, tz: timeZone() } });
/** Where the browser downloads a file of detections. */
export const historyFile = (filter: HistoryFilter, format: "csv" | "jsonl") =>
  `api/history/export?${new URLSearchParams(given({ ...filter, format, tz: timeZone() }))}`;
/** Where the browser hears the sound around a detection (FLAC); 404 where none was kept. */
export const clipAddress = (id: string) => `api/history/${encodeURIComponent(id)}/clip`;

/** Where the browser downloads what a source has learnt. */
export const profileAddress = (id: string) => `api/sources/${encodeURIComponent(id)}/learning/profile`;
/** Sends a recording to try settings on; it is kept for a while only. */
export const sendRecording = (source_id: string, file: File) => ask("POST /api/sources/{source_id}/recordings", { path: { source_id }, query: { name: file.name }, body: file });

const timeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

type Route = keyof Answers;
/** The names between braces in a path. */
type Placeholders<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholders<Rest> : never;
/** Parameters of an address; those without a value, or with an empty one, are left out. */
type Query<R> = R extends keyof Queries ? { [Name in keyof Queries[R]]?: Queries[R][Name] | string | undefined } : never;
type Sent<R> = { query?: Query<R>; body?: object; revision?: string | undefined } & ([Placeholders<R>] extends [never] ? unknown : { path: Record<Placeholders<R>, string> });

/** Asks for a route of the API, and gives its answer, or throws `Refused` or `Unreachable`. */
export async function ask<R extends Route>(route: R, ...[sent]: [Placeholders<R>] extends [never] ? [sent?: Sent<R>] : [sent: Sent<R>]): Promise<Answers[R]> {
  const { path, query, body, revision } = (sent ?? {}) as Sent<R> & { path?: Record<string, string> };
  const [method, template] = route.split(" /") as [string, string];
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path?.[name] ?? ""));
  const address = new URL(filled, document.baseURI);
  Object.entries(given({ ...query, lang: language.value })).forEach(([name, value]) => address.searchParams.set(name, value));
  const { ok, status, said } = await exchange(address, {
    method,
    headers: {
      ...(body ? { "Content-Type": body instanceof Blob ? "application/octet-stream" : "application/json" } : {}),
      ...(revision ? { "If-Match": `"${revision}"` } : {}),
    },
    ...(body ? { body: body instanceof Blob ? body : JSON.stringify(body) } : {}),
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

/** Why something asked of the service failed, as a sentence. */
export function inWords(error: unknown): string {
  if (!(error instanceof Refused)) return t("error.unreachable");
  const { faults, message, status } = error.problem;
  return faults?.[0]?.message || message || t("error.answer", { status }); // "2 faults, first at …" is for scripts
}
