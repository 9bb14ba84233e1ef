import { SaveState } from "../../components/SaveState.tsx";
import { Switch } from "../../components/Switch.tsx";
import { t } from "../../i18n/index.ts";
import { linkTo } from "../../route.ts";
import { drafts, edit } from "../../saving.ts";
import type { SourceSettings } from "../../wire.ts";

/** Whether the sound around detections is kept: off unless somebody wants it, and what that means. */
export function Clips({ source }: { source: SourceSettings }) {
  const path = `sources.${source.id}.clips`;
  const kept = Boolean(drafts.value[path]?.value ?? source.clips);
  return (
    <section class="panel settings-group" aria-labelledby="clips-title">
      <h2 id="clips-title">{t("clips.title")}</h2>
      <Switch checked={kept} label={t("clips.keep")} onChange={(on) => edit(path, on, 0)} />
      <p class="hint">{t("clips.hint")} <a href={linkTo.history}>{t("clips.where")}</a></p>
      <SaveState path={path} id={`${path}-state`} />
    </section>
  );
}
