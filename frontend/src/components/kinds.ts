import { isKey, t } from "../i18n/index.ts";

/** What people call a kind of source; its code where the page does not know it. */
export function kindName(kind: string): string {
  const key = `source.kind.${kind}`;
  return isKey(key) ? t(key) : kind;
}

/** What people call a channel: a word, or its number. */
export function channelName(channel: string): string {
  const key = `channel.label.${channel}`;
  return isKey(key) ? t(key) : channel;
}
