// What the history view asks for: the person's choices, and the question that is made of them.
import { chosen } from "../../store.ts";
import type { HistoryFilter, Mark } from "../../types.ts";

const DAY_S = 86_400;
export const PERIODS = ["all", "today", "week", "month", "year"] as const;
type Period = (typeof PERIODS)[number];
const DAYS: Record<Exclude<Period, "all">, number> = { today: 1, week: 7, month: 30, year: 365 };

export interface Chosen {
  source: string;
  /** "all" begins with the newest, however old: there is always something to see. */
  period: Period;
  /** The beginning of a day picked on the calendar, UTC Unix seconds; it rules before `period`. */
  day: number | null;
  leastScore: number;
  mark: Mark | "none" | "";
  /** Part of the name of a sound. */
  sound: string;
}

export const choose = (change: Partial<Chosen>) => (chosen.value = { ...chosen.value, ...change });

/** The moment at which a day began here, `days` before today; clocks may have been changed in between. */
export function midnight(days: number, from: number = Date.now() / 1000): number {
  const date = new Date(from * 1000);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - days).getTime() / 1000;
}

/** What is asked for, but for the time. */
export function anyTime({ source, leastScore, mark, sound }: Chosen): HistoryFilter {
  const named = sound.trim();
  return { ...(source && { source }), ...(leastScore && { least_score: leastScore }), ...(mark && { mark }), ...(named && { sound: named }) };
}

export function question(wish: Chosen): HistoryFilter {
  if (wish.day !== null) return { ...anyTime(wish), since: wish.day, before: midnight(-1, wish.day + DAY_S / 2) };
  return wish.period === "all" ? anyTime(wish) : { ...anyTime(wish), since: midnight(DAYS[wish.period] - 1) };
}
