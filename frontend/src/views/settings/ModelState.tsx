import { t } from "../../i18n/index.ts";
import { labelsOn, model } from "../../store.ts";
import { Coming, HowToNameSounds } from "../../components/NamingModel.tsx";

/** Whether YAMNet names sounds; or how its file comes; or how to get it. */
export function ModelState() {
  if (labelsOn.value) return <p>{t("settings.model_in_use")}</p>;
  return model.value ? <Coming progress={model.value} /> : <HowToNameSounds />;
}
