import { SavedSwitch } from "../../components/SavedSwitch.tsx";
import { t } from "../../i18n/index.ts";
import { linkTo } from "../../route.ts";
import type { SourceSettings } from "../../types.ts";

/** Whether the sound around detections is kept: off by default, and what that means. */
export function Clips({ source }: { source: SourceSettings }) {
  return (
    <section class="panel settings-group" aria-labelledby="clips-title">
      <h2 id="clips-title">{t("clips.title")}</h2>
      <SavedSwitch path={`sources.${source.id}.clips`} label={t("clips.keep")} checked={source.clips} />
      <SavedSwitch path={`sources.${source.id}.example_clips`} label={t("clips.examples")} checked={source.example_clips} />
      <p class="hint">{t("clips.hint")} <a href={linkTo.history}>{t("clips.where")}</a></p>
    </section>
  );
}
