// Numbers and times as people of each language write them.
import { language } from "./index.ts";

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
const known = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

/** The format `name` in the page's language; made once, for making one takes longer than many uses. */
function made<Format extends Intl.NumberFormat | Intl.DateTimeFormat>(name: string, make: (locale: string) => Format): Format {
  const key = `${locale()} ${name}`;
  if (!known.has(key)) known.set(key, make(locale()));
  return known.get(key) as Format;
}

export const locale = () => (language.value === "fr" ? "fr-FR" : "en-GB");

export function score(value: number): string {
  return decimal(value, 2);
}

export function decimal(value: number, digits: number): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return made(`decimal ${digits}`, (tag) => new Intl.NumberFormat(tag, options)).format(value).replace("-", "−");
}

export function percent(value: number): string {
  return made("percent", (tag) => new Intl.NumberFormat(tag, { style: "percent" })).format(value);
}

/** A duration in seconds, short: "118 ms", "1,4 s". */
export function duration(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${decimal(seconds, 1)} s`;
}

/** The time of day of a UTC Unix time, with the date when it was not today. */
export function clock(timestamp: number): string {
  const when = new Date(timestamp * 1000);
  const time = made("time", (tag) => new Intl.DateTimeFormat(tag, TIME)).format(when);
  const today = when.toDateString() === new Date().toDateString();
  return today ? time : `${when.toLocaleDateString(locale(), { day: "numeric", month: "short" })} ${time}`;
}

/** The day of a UTC Unix time. */
export function day(timestamp: number): string {
  return new Date(timestamp * 1000).toLocaleDateString(locale(), { day: "numeric", month: "short", year: "numeric" });
}

/** Its month, short. */
export function month(timestamp: number): string {
  return made("month", (tag) => new Intl.DateTimeFormat(tag, { month: "short" })).format(timestamp * 1000);
}

/** The same in full, for machines and tooltips. */
export function iso(timestamp: number): string {
  return new Date(timestamp * 1000).toISOString();
}
