// Numbers and times as people of each language write them.
import { language } from "./index.ts";

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
type Format = Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat;
const known = new Map<string, Format>();

/** The format `name` in the page's language; made once, for making one takes longer than many uses. */
function made<Made extends Format>(name: string, make: (locale: string) => Made): Made {
  const key = `${locale()} ${name}`;
  if (!known.has(key)) known.set(key, make(locale()));
  return known.get(key) as Made;
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

/** Hours and minutes, as a clock on the wall shows them. */
export function timeOfDay(when: Date): string {
  return made("hours", (tag) => new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit" })).format(when);
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

const STEPS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]] as const;

/** How long ago a time was, both in UTC Unix seconds: "il y a 3 min"; of the last minute in steps of ten seconds. */
export function ago(timestamp: number, from: number): string {
  const past = Math.max(0, from - timestamp);
  const [unit, size] = STEPS.find(([, seconds]) => past >= seconds) ?? STEPS[3];
  const count = unit === "second" ? 10 * Math.floor(past / 10) : Math.floor(past / size);
  return made("ago", (tag) => new Intl.RelativeTimeFormat(tag, { style: "short", numeric: "auto" })).format(-count, unit);
}
