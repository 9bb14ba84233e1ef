import { decimal } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";

/** "48 kHz, stereo", in the page's language. */
export function soundFormat(rateHz: number, count: number): string {
  const channels = count === 1 ? t("source.mono") : count === 2 ? t("source.stereo") : t("source.channels", { count });
  const kilohertz = rateHz / 1000;
  return t("source.format", { rate: decimal(kilohertz, kilohertz % 1 ? 1 : 0), channels });
}
