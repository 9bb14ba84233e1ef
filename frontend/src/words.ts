import { Refused } from "./api.ts";
import { t } from "./i18n/index.ts";

/** Why something asked of the service failed, as a sentence. */
export function inWords(error: unknown): string {
  if (!(error instanceof Refused)) return t("error.unreachable");
  const { faults, message, status } = error.problem;
  return faults?.[0]?.message || message || t("error.answer", { status }); // "2 faults, first at …" is for scripts
}
