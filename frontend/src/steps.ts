// Changes of the settings in words: what was changed, named as its field is.
import { type Key, t } from "./i18n/index.ts";
import { decimal } from "./i18n/format.ts";
import { settings } from "./store.ts";
import type { Change } from "./wire.ts";

const MOST_CHARACTERS = 60;

/** How the field of a setting is called; entries of lists are `*`. */
const NAMES: Record<string, Key> = {
  "language": "notify.language",
  "history.keep_days": "settings.keep_history",
  "clips.keep_days": "settings.keep_clips",
  "clips.keep_mb": "settings.keep_mb",
  "sources": "setting.order",
  "sources.*.name": "form.name",
  "sources.*.enabled": "setting.heard",
  "sources.*.threshold": "field.threshold",
  "sources.*.delay_s": "field.delay",
  "sources.*.patterns": "pattern.title",
  "sources.*.hears": "pattern.hears",
  "sources.*.clips": "clips.title",
  "sources.*.input.device": "field.device",
  "sources.*.input.url": "rtsp.url",
  "sources.*.input.username": "rtsp.username",
  "sources.*.input.password": "rtsp.password",
  "sources.*.input.transport": "rtsp.transport",
  "sources.*.input.track": "rtsp.track",
  "sources.*.input.verify_tls": "rtsp.verify_tls",
  "sources.*.input.host": "vban.host",
  "sources.*.input.stream": "vban.stream",
  "sources.*.input.port": "vban.port",
  "sources.*.input.channel": "channel.label",
  "sources.*.input.path": "file.path",
  "sources.*.input.loop": "file.loop",
  "sources.*.input.uri": "wyoming.uri",
  "sources.*.webhooks.*": "field.webhook",
  "sources.*.webhooks.*.url": "field.webhook",
  "sources.*.webhooks.*.enabled": "field.webhook_enabled",
  "sources.*.webhooks.*.timeout_s": "webhooks.timeout",
  "sources.*.webhooks.*.max_attempts": "webhooks.attempts",
  "sources.*.webhooks.*.max_age_s": "webhooks.age",
  "sources.*.webhooks.*.idempotent": "webhooks.idempotent",
  "sources.*.webhooks.*.claps": "webhooks.claps",
  "sources.*.webhooks.*.headers.*": "headers.title",
  "sources.*.webhooks.*.signing_secret": "webhooks.secret",
  "sources.*.webhooks.*.verify_tls": "webhooks.verify",
  "sources.*.webhooks.*.ca_file": "webhooks.ca",
  "sources.*.webhooks.*.method": "body.method",
  "sources.*.webhooks.*.content_type": "body.type",
  "sources.*.webhooks.*.template": "body.template",
  "mqtt.enabled": "mqtt.enabled",
  "mqtt.host": "mqtt.host",
  "mqtt.port": "mqtt.port",
  "mqtt.version": "mqtt.version",
  "mqtt.tls": "mqtt.tls",
  "mqtt.verify_tls": "mqtt.verify",
  "mqtt.ca_file": "mqtt.ca_file",
  "mqtt.username": "mqtt.username",
  "mqtt.password": "mqtt.password",
  "mqtt.topic": "mqtt.topic",
  "mqtt.discovery": "mqtt.discovery",
  "mqtt.max_age_s": "webhooks.age",
  "wyoming.listen": "wyoming.listen",
  "wyoming.forward": "wyoming.forward",
  "notify.*.name": "notify.name",
  "notify.*.url": "notify.url",
  "notify.*.enabled": "notify.enabled",
  "notify.*.sources": "notify.sources",
  "notify.*.claps": "webhooks.claps",
  "notify.*.max_age_s": "notify.age",
};

/** Changes as one line: "Salon, Seuil : 0,5 → 0,8"; of several the first, and how many more. */
export function inOneLine(changes: Change[]): string {
  const [first, ...more] = changes;
  if (!first) return "";
  return more.length === 0 ? changeInWords(first) : t("steps.several", { what: changeInWords(first), count: more.length });
}

function changeInWords(change: Change): string {
  const what = nameOf(change.path, change);
  const [old, fresh] = [valueInWords(change.old), valueInWords(change.new)];
  if (change.kind === "changed" && old !== fresh && old !== null && fresh !== null) return t("steps.from_to", { what, old, fresh });
  return t("steps.what", { what, kind: t(`changes.${change.kind}` satisfies Key) });
}

/** What people call the setting at `path`; of an entry that comes or goes the change itself knows the name. */
export function nameOf(path: string, change?: Change): string {
  const [list, id = "", ...rest] = path.split(".");
  if (list === "mqtt") return t("steps.of", { whose: "MQTT", what: labelOf(path) });
  if (list === "profiles") return t("steps.of", { whose: entryName("sources", id, undefined), what: t("learn.learnt") });
  if ((list !== "sources" && list !== "notify") || !id) return labelOf(path);
  const whose = entryName(list, id, rest.length === 0 ? change : undefined);
  return rest.length === 0 ? whose : t("steps.of", { whose, what: labelOf([list, "*", ...withoutIds(rest)].join(".")) });
}

const labelOf = (pattern: string) => (pattern in NAMES ? t(NAMES[pattern]!) : pattern);

/** "webhooks.ID.url" → "webhooks.*.url". */
function withoutIds([first = "", ...rest]: string[]): string[] {
  if (first === "webhooks" && rest.length > 0) return [first, "*", ...(rest[1] === "headers" && rest[2] ? ["headers", "*"] : rest.slice(1))];
  return [first, ...rest];
}

/** What people call a source or a notification service, be it gone. */
function entryName(list: "sources" | "notify", id: string, itself: Change | undefined): string {
  const entries: { id: string; name: string }[] = settings.value?.[list] ?? [];
  const known = entries.find((entry) => entry.id === id) ?? (itself?.old ?? itself?.new) as { name?: string } | undefined;
  return known?.name || id;
}

/** A value as its field shows it; null for what has no short form. */
export function valueInWords(value: unknown): string | null {
  if (typeof value === "boolean") return t(value ? "steps.yes" : "steps.no");
  if (typeof value === "number") return decimal(value, Number.isInteger(value) ? 0 : 2);
  if (typeof value !== "string" || value.length > MOST_CHARACTERS || value.includes("\n")) return null;
  return value === "" ? t("steps.empty") : t("steps.text", { text: value });
}
