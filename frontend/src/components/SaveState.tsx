import { t } from "../i18n/index.ts";
import { drafts } from "../saving.ts";
import { Shape } from "./Shape.tsx";

/** Beside a field: saving, saved, or why not. */
export function SaveState({ path, id }: { path: string; id: string }) {
  const draft = drafts.value[path];
  const refused = draft?.state === "refused" || draft?.state === "unreachable";
  return (
    <p class={`save-state ${refused ? "save-refused" : ""}`} id={id} role={refused ? "alert" : undefined}>
      {refused && <><Shape is="cross" /><span dir="auto">{draft.reason}</span></>}
      {draft?.state === "saving" && t("saving.saving")}
      {draft?.state === "saved" && <><Shape is="check" />{t("saving.saved")}</>}
    </p>
  );
}
