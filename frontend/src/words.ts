import { Refused } from "./api.ts";
import { t } from "./i18n/index.ts";

/** Why something asked of the service failed, as a sentence. */
export function inWords(error: unknown): string {
  if (!(error instanceof Refused)) return t("error.unreachable");
  return error.problem.message || t("error.answer", { status: error.problem.status });
}
