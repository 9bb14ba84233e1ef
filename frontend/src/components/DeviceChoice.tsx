import { t } from "../i18n/index.ts";
import { drafts, edit } from "../saving.ts";
import { DeviceSelect } from "./DeviceSelect.tsx";
import { SaveState } from "./SaveState.tsx";

/** Which microphone a source is; saves itself. */
export function DeviceChoice({ path, value, explained = false }: { path: string; value: string; explained?: boolean }) {
  const chosen = String(drafts.value[path]?.value ?? value);
  return (
    <div class="field field-device">
      <label for={path}>{t("field.device")}</label>
      <DeviceSelect id={path} explained={explained} chosen={chosen} describedBy={`${path}-state`} onChoose={(device) => edit(path, device, 0)} />
      <SaveState path={path} id={`${path}-state`} />
    </div>
  );
}
