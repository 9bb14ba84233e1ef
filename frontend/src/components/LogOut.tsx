import { useSignal } from "@preact/signals";
import { changeAccess } from "../access.ts";
import { ask } from "../api.ts";
import { t } from "../i18n/index.ts";
import { inWords } from "../words.ts";
import { Outcome } from "./Outcome.tsx";

/** Ends the session of this browser, or says that it goes on, and why. */
export function LogOut() {
  const refusal = useSignal("");
  const leave = () => {
    refusal.value = "";
    void changeAccess(() => ask("POST /api/access/logout")).catch((error: unknown) => (refusal.value = t("access.still_in", { reason: inWords(error) })));
  };
  return (
    <span class="log-out">
      <button type="button" class="quiet" onClick={leave}>{t("access.log_out")}</button>
      <span role="alert">{refusal.value && <Outcome shape="cross" words={refusal.value} />}</span>
    </span>
  );
}
