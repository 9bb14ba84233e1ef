// Numbers and times as people of each language write them.
import { language } from "./index.ts";

export const locale = () => (language.value === "fr" ? "fr-FR" : "en-GB");

export function score(value: number): string {
  return decimal(value, 2);
}

export function decimal(value: number, digits: number): string {
  return value.toLocaleString(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
}

export function percent(value: number): string {
  return value.toLocaleString(locale(), { style: "percent" });
}

/** A duration in seconds, short: "118 ms", "1,4 s". */
export function duration(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${decimal(seconds, 1)} s`;
}

/** The time of day of a UTC Unix time, with the date when it was not today. */
export function clock(timestamp: number): string {
  const when = new Date(timestamp * 1000);
  const time = when.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const today = when.toDateString() === new Date().toDateString();
  return today ? time : `${when.toLocaleDateString(locale(), { day: "numeric", month: "short" })} ${time}`;
}

/** The day of a UTC Unix time. */
export function day(timestamp: number): string {
  return new Date(timestamp * 1000).toLocaleDateString(locale(), { day: "numeric", month: "short", year: "numeric" });
}

/** The same in full, for machines and tooltips. */
export function iso(timestamp: number): string {
  return new Date(timestamp * 1000).toISOString();
}
