// Every setting that has a field of the usual kind: how it is called, and what may be in it. Ids and numbers of entries are `*`.
import type { Key } from "./i18n/index.ts";

export interface FieldSpec {
  /** `label_hint` stands beneath the field, where there are such words. */
  label: Key;
  min?: number;
  max?: number;
  /** "lines" is a text of several lines; "number" one that may also be empty. Else what the value is decides. */
  type?: "password" | "lines" | "number";
  /** What may be chosen; each is called `label.option`, or as it is. */
  options?: readonly string[];
  placeholder?: string;
  /** In a form: takes half the width where there is room. */
  half?: true;
  /** "auto" for what people call things; else it is written from left to right. */
  dir?: "auto";
}

const AGE = { label: "webhooks.age", min: 1, max: 604_800 } as const;
const CHANNELS = ["auto", "mean", "loudest", ...Array.from({ length: 64 }, (_, index) => String(index + 1))];
const WEBHOOK = "sources.*.webhooks.*";

const FIELDS: Record<string, Key | FieldSpec> = {
  "language": { label: "notify.language", options: ["fr", "en"] },
  "announce": "setting.announce",
  "public_url": { label: "setting.public_url", placeholder: "http://192.168.1.10:16045" },
  "history.keep_days": "settings.keep_history",
  "clips.keep_days": "settings.keep_clips",
  "clips.keep_mb": "settings.keep_mb",
  "merge_rooms": "rooms.merge",
  "when.armed": "arming.armed",
  "when.snoozed_until": "arming.snoozed",
  "when.latitude": { label: "when.latitude", type: "number", min: -90, max: 90 },
  "when.longitude": { label: "when.longitude", type: "number", min: -180, max: 180 },
  "when.quiet": "when.quiet",
  "when.quiet.*.name": { label: "form.name", dir: "auto" },
  "when.quiet.*.enabled": "when.enabled",
  "when.quiet.*.begin": { label: "when.begin", placeholder: "22:00" },
  "when.quiet.*.end": { label: "when.end", placeholder: "07:00" },
  "sources": "setting.order",
  "sources.*.name": "form.name",
  "sources.*.room": { label: "place.room", dir: "auto" },
  "sources.*.node": "place.node",
  "sources.*.references": "place.reference",
  "sources.*.enabled": "setting.heard",
  "sources.*.armed": "arming.source",
  "sources.*.threshold": "field.threshold",
  "sources.*.delay_s": { label: "field.delay", min: 0.1, max: 3600 },
  "sources.*.patterns": "pattern.title",
  "sources.*.hears": { label: "pattern.hears", options: ["claps", "applause", "both"] },
  "sources.*.clips": "clips.keep",
  "sources.*.example_clips": "clips.examples",
  "sources.*.sounds.*": "trigger.sound",
  "sources.*.sounds.*.name": { label: "form.name", dir: "auto" },
  "sources.*.sounds.*.enabled": "trigger.enabled",
  "sources.*.sounds.*.labels": "trigger.labels",
  "sources.*.sounds.*.threshold": { label: "trigger.threshold", min: 0.01, max: 1 },
  "sources.*.sounds.*.persistence_s": { label: "trigger.persistence", min: 0, max: 60 },
  "sources.*.sounds.*.delay_s": { label: "field.delay", min: 0.1, max: 86_400 },
  "sources.*.rhythms.*": "trigger.rhythm",
  "sources.*.rhythms.*.name": { label: "form.name", dir: "auto" },
  "sources.*.rhythms.*.enabled": "trigger.enabled",
  "sources.*.rhythms.*.intervals": "trigger.rhythm",
  "sources.*.rhythms.*.tolerance": { label: "trigger.tolerance", min: 0.01, max: 1 },
  "sources.*.input.device": "field.device",
  "sources.*.input.url": { label: "rtsp.url", placeholder: "rtsp://192.168.1.20:554/stream1" },
  "sources.*.input.username": { label: "rtsp.username", half: true },
  "sources.*.input.password": { label: "rtsp.password", half: true, type: "password" },
  "sources.*.input.transport": { label: "rtsp.transport", half: true, options: ["tcp", "udp"] },
  "sources.*.input.track": { label: "rtsp.track", half: true, min: 1, max: 100 },
  "sources.*.input.verify_tls": "rtsp.verify_tls",
  "sources.*.input.host": { label: "vban.host", half: true, placeholder: "192.168.1.20" },
  "sources.*.input.stream": { label: "vban.stream", half: true, placeholder: "Stream1" },
  "sources.*.input.port": { label: "vban.port", half: true, min: 1, max: 65_535 },
  "sources.*.input.channel": { label: "channel.label", half: true, options: CHANNELS },
  "sources.*.input.path": { label: "file.path", placeholder: "/home/…/claps.wav" },
  "sources.*.input.loop": "file.loop",
  "sources.*.input.uri": { label: "wyoming.uri", placeholder: "tcp://192.168.1.30:10700" },
  [WEBHOOK]: "field.webhook",
  [`${WEBHOOK}.url`]: "field.webhook",
  [`${WEBHOOK}.enabled`]: "field.webhook_enabled",
  [`${WEBHOOK}.timeout_s`]: { label: "webhooks.timeout", min: 0.1, max: 60 },
  [`${WEBHOOK}.max_attempts`]: { label: "webhooks.attempts", min: 1, max: 10 },
  [`${WEBHOOK}.max_age_s`]: AGE,
  [`${WEBHOOK}.idempotent`]: "webhooks.idempotent",
  [`${WEBHOOK}.claps`]: "webhooks.claps",
  [`${WEBHOOK}.triggers`]: "webhooks.claps",
  [`${WEBHOOK}.headers.*`]: "headers.title",
  [`${WEBHOOK}.signing_secret`]: { label: "webhooks.secret", type: "password" },
  [`${WEBHOOK}.verify_tls`]: "webhooks.verify",
  [`${WEBHOOK}.ca_file`]: { label: "webhooks.ca", placeholder: "/etc/ssl/…/ca.pem" },
  [`${WEBHOOK}.method`]: { label: "body.method", options: ["POST", "PUT", "GET"] },
  [`${WEBHOOK}.content_type`]: "body.type",
  [`${WEBHOOK}.template`]: { label: "body.template", type: "lines", placeholder: '{"text": {{ source_name | tojson }}}' },
  "mqtt.enabled": "mqtt.enabled",
  "mqtt.host": { half: true, label: "mqtt.host", placeholder: "192.168.1.10" },
  "mqtt.port": { half: true, label: "mqtt.port", min: 1, max: 65_535 },
  "mqtt.version": { label: "mqtt.version", half: true, options: ["5", "3.1.1"] },
  "mqtt.tls": "mqtt.tls",
  "mqtt.verify_tls": { label: "mqtt.verify", half: true },
  "mqtt.ca_file": { label: "mqtt.ca_file", half: true },
  "mqtt.username": { label: "mqtt.username", half: true },
  "mqtt.password": { label: "mqtt.password", half: true, type: "password" },
  "mqtt.topic": { label: "mqtt.topic", half: true },
  "mqtt.discovery": { label: "mqtt.discovery", half: true },
  "mqtt.max_age_s": { ...AGE, half: true },
  "wyoming.listen": { label: "wyoming.listen", placeholder: "tcp://0.0.0.0:10400" },
  "wyoming.forward": { label: "wyoming.forward", placeholder: "tcp://127.0.0.1:10401" },
  "notify.*.name": { label: "notify.name", dir: "auto" },
  "notify.*.url": { label: "notify.url", type: "password", placeholder: "ntfy://…, tgram://…, mailto://…" },
  "notify.*.enabled": "notify.enabled",
  "notify.*.alerts": "notify.alerts",
  "alerts.unheard_after_s": { label: "alerts.unheard", min: 0, max: 86_400 },
  "heartbeats.*.enabled": "heartbeat.enabled",
  "heartbeats.*.url": { label: "heartbeat.url", placeholder: "https://hc-ping.com/…" },
  "heartbeats.*.every_s": { label: "heartbeat.every", min: 10, max: 86_400 },
  "heartbeats.*.verify_tls": "webhooks.verify",
  "notify.*.sources": "notify.sources",
  "notify.*.claps": "webhooks.claps",
  "notify.*.triggers": "webhooks.claps",
  "notify.*.max_age_s": { ...AGE, label: "notify.age" },
};

/** Lists whose entries have an id: the service merges them by it. */
export const BY_ID = ["sources", "webhooks", "sounds", "rhythms", "notify", "heartbeats"];
/** Lists whose entries have none: they are sent whole. */
export const BY_PLACE = ["patterns", "quiet"];

/** "sources.salon.webhooks.lamp.url" → "sources.*.webhooks.*.url"; the last "sources" of "notify.ID.sources" is a value. */
function patternOf(path: string): string {
  let isEntry = false;
  return path.split(".").map((step) => {
    const shown = isEntry ? "*" : step;
    isEntry = !isEntry && [...BY_ID, ...BY_PLACE, "headers"].includes(step);
    return shown;
  }).join(".");
}

/** How the field of the setting at `path` is called and drawn; undefined where there is none of the usual kind. */
export function fieldOf(path: string): FieldSpec | undefined {
  const found = FIELDS[patternOf(path)];
  return typeof found === "string" ? { label: found } : found;
}
