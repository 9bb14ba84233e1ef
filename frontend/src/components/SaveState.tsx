import { useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { drafts } from "../saving.ts";
import { Shape } from "./Shape.tsx";

/** Beneath a field: saving, saved, or why not. From the first edit on it has its line, so that no news moves what follows. */
export function SaveState({ path, id }: { path: string; id: string }) {
  const draft = drafts.value[path];
  const isKept = useRef(false);
  isKept.current ||= draft !== undefined;
  const refused = draft?.state === "refused" || draft?.state === "unreachable";
  return (
    <p class={`save-state ${isKept.current ? "save-kept" : ""} ${refused ? "save-refused" : ""}`} id={id} role={refused ? "alert" : undefined}>
      {refused && <><Shape is="cross" /><span dir="auto">{draft.reason}</span></>}
      {draft?.state === "saving" && t("saving.saving")}
      {draft?.state === "saved" && <><Shape is="check" />{t("saving.saved")}</>}
    </p>
  );
}
