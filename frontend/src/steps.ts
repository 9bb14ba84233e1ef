// Changes of the settings in words: what was changed, named as its field is.
import { fieldOf } from "./fields.ts";
import { type Key, t } from "./i18n/index.ts";
import { decimal } from "./i18n/format.ts";
import { settings } from "./store.ts";
import type { Change } from "./wire.ts";

const MOST_CHARACTERS = 60;

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
  return rest.length === 0 ? whose : t("steps.of", { whose, what: nameIn(change?.old ?? change?.new) || labelOf(path) });
}

const labelOf = (path: string) => {
  const known = fieldOf(path);
  return known ? t(known.label) : path;
};

/** The name of an entry that comes or goes whole. */
const nameIn = (value: unknown) => (typeof value === "object" && value !== null && "name" in value ? String(value.name) : "");

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
