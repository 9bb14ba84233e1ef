import { decimal } from "../i18n/format.ts";
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

/** "48 kHz, stereo", in the page's language. */
export function soundFormat(rateHz: number, count: number): string {
  const channels = count === 1 ? t("source.mono") : count === 2 ? t("source.stereo") : t("source.channels", { count });
  const kilohertz = rateHz / 1000;
  return t("source.format", { rate: decimal(kilohertz, kilohertz % 1 ? 1 : 0), channels });
}
