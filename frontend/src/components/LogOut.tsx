import { access } from "../access.ts";
import { logOut } from "../api.ts";
import { t } from "../i18n/index.ts";

/** Ends the session of this browser. */
export function LogOut() {
  return (
    <button type="button" class="quiet" onClick={() => void logOut().then((state) => (access.value = state), () => {})}>
      {t("access.log_out")}
    </button>
  );
}
