import { changeAccess } from "../access.ts";
import { logOut } from "../api.ts";
import { t } from "../i18n/index.ts";

/** Ends the session of this browser. */
export function LogOut() {
  return (
    <button type="button" class="quiet" onClick={() => void changeAccess(logOut).catch(() => {})}>
      {t("access.log_out")}
    </button>
  );
}
