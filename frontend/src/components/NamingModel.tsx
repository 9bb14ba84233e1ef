import { percent } from "../i18n/format.ts";
import { said, t } from "../i18n/index.ts";
import { program } from "../store.ts";
import type { ModelProgress } from "../wire.ts";

/** How YAMNet's file comes. */
export function Coming({ progress }: { progress: ModelProgress }) {
  const share = progress.done_bytes / progress.size_bytes;
  return (
    <div class="how">
      <p>{t("sounds.coming", { share: percent(share) })}</p>
      <meter class="unseen" min={0} max={1} value={share} aria-hidden="true" />
      <i class="bar"><i style={{ transform: `scaleX(${share.toFixed(2)})` }} /></i>
      {progress.code && <p role="status" dir="auto">{said(progress)}</p>}
      {progress.retry_in_s !== null && <p>{t("sounds.coming_again", { minutes: Math.ceil(progress.retry_in_s / 60) })}</p>}
    </div>
  );
}

/** How to get YAMNet's file where it does not come by itself. */
export function HowToNameSounds() {
  return (
    <div class="how">
      <p>{t("sounds.off")}</p>
      <p>{t("sounds.off_how")}</p>
      <code dir="ltr">{program.value} models pull</code>
    </div>
  );
}
