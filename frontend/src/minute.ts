// The last minute of every source, kept whether or not anything shows it: how loud it was, and what its candidates scored.
import type { Snapshot, Verdict } from "./wire.ts";

const SPAN_S = 60;
const MOST = 10; // candidates of each sort that are listed
/** From this score on a candidate is near enough to a clap to be worth reading. */
const NEAR = 0.1;

export interface Minute {
  /** Peaks in dBFS, the oldest first; `at` is in seconds of this machine's clock (`seconds`), as of all here. */
  levels: { at: number; peak: number }[];
  verdicts: { at: number; verdict: Verdict }[];
  /** The newest candidates that may have been claps, and those that were far from it; the newest first. */
  near: Verdict[];
  far: Verdict[];
}

const minutes = new Map<string, Minute>();

export const seconds = () => performance.now() / 1000;

export function minuteOf(sourceId: string): Minute {
  const known = minutes.get(sourceId) ?? { levels: [], verdicts: [], near: [], far: [] };
  minutes.set(sourceId, known);
  return known;
}

export function keepLevel(sourceId: string, peak: number, at = seconds()): void {
  const { levels } = minuteOf(sourceId);
  levels.push({ at, peak });
  while (levels[0]!.at < at - SPAN_S) levels.shift();
}

export function keepVerdict(verdict: Verdict, at = seconds()): void {
  const minute = minuteOf(verdict.source_id);
  minute.verdicts.push({ at, verdict });
  while (minute.verdicts[0]!.at < at - SPAN_S) minute.verdicts.shift();
  const list = verdict.score >= NEAR || verdict.accepted ? minute.near : minute.far;
  list.unshift(verdict);
  list.splice(MOST);
}

/** Takes what the service kept of the time before this page, or of the time in which it was not connected. */
export function keepRecent({ recent, now }: Pick<Snapshot, "recent" | "now">): void {
  minutes.clear();
  const here = seconds();
  for (const [id, { levels, verdicts }] of Object.entries(recent)) {
    levels.forEach((peak, index) => peak !== null && keepLevel(id, peak, here - levels.length + 1 + index));
    verdicts.forEach((verdict) => keepVerdict(verdict, here - Math.max(0, now - verdict.timestamp)));
  }
}
