// Names of receivers, as people call them.
import { t } from "./i18n/index.ts";
import { settings, sources } from "./store.ts";
import type { SourceSettings } from "./types.ts";
import type { NotifySettings } from "./wire.ts";

/** Its id among all receivers. */
export const notifyTarget = ({ id }: NotifySettings) => `notify:${id}`;
export const notifyName = ({ id, name }: NotifySettings) => name || id;

/** The machine that an address leads to; what follows it may be a secret. */
const hostOf = (url: string) => url.replace(/^[a-z]+:\/\/([^/?#]*@)?/i, "").replace(/[/?#].*$/, "");

/** The machine that a webhook's address leads to; of several webhooks to one machine, also where their addresses part. */
export function placeOf(url: string, { webhooks }: Pick<SourceSettings, "webhooks">): string {
  const host = hostOf(url);
  const partsOf = (address: string) => address.slice(address.indexOf(host) + host.length).split("/");
  const others = webhooks.map((one) => one.url).filter((one) => one !== url && hostOf(one) === host).map(partsOf);
  if (!host || others.length === 0) return host;
  const parts = partsOf(url);
  const shared = parts.findIndex((part, index) => others.some((other) => other[index] !== part));
  return [host, ...(shared > 1 ? ["…"] : []), ...parts.slice(Math.max(1, shared))].join("/");
}

/** What people call it, else the machine that its address leads to, for what follows may be a secret; of several to one machine, with its number. */
export function nameOfReceiver({ target_id, url }: { target_id: string; url: string }): string {
  const known = settings.value?.notify.find((one) => notifyTarget(one) === target_id);
  const host = hostOf(url);
  const { id = "", webhooks = [] } = sources.value.find((one) => target_id.startsWith(`${one.id}.`)) ?? {};
  const number = 1 + webhooks.findIndex((one) => `${id}.${one.id}` === target_id);
  const isOneOfMore = number > 0 && webhooks.filter((one) => hostOf(one.url) === host).length > 1;
  return (known && notifyName(known)) || (isOneOfMore ? `${t("webhooks.number", { number })}, ${host}` : host) || target_id;
}

/** A receiver's address, and what people call it where it has a name. */
export function receiverOf({ target_id, url }: { target_id: string; url: string }): string {
  const known = settings.value?.notify.find((one) => notifyTarget(one) === target_id);
  return [known && notifyName(known), url].filter(Boolean).join(", ") || target_id;
}
