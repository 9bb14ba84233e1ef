// Names of receivers, as people call them.
import { settings } from "./store.ts";
import type { NotifySettings } from "./wire.ts";

/** Its id among all receivers. */
export const notifyTarget = ({ id }: NotifySettings) => `notify:${id}`;
export const notifyName = ({ id, name }: NotifySettings) => name || id;

/** The machine that an address leads to; what follows it may be a secret. */
export const hostOf = (url: string) => url.replace(/^[a-z]+:\/\/([^/?#]*@)?/i, "").replace(/[/?#].*$/, "");

/** What people call it, else the machine that its address leads to: what follows may be a secret. */
export function nameOfReceiver({ target_id, url }: { target_id: string; url: string }): string {
  const known = settings.value?.notify.find((one) => notifyTarget(one) === target_id);
  return (known && notifyName(known)) || hostOf(url) || target_id;
}

/** A receiver's address, and what people call it where it has a name. */
export function receiverOf({ target_id, url }: { target_id: string; url: string }): string {
  const known = settings.value?.notify.find((one) => notifyTarget(one) === target_id);
  return [known && notifyName(known), url].filter(Boolean).join(", ") || target_id;
}
