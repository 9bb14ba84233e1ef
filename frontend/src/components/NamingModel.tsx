import { ask } from "../api.ts";
import { useDeed } from "../deed.tsx";
import { percent } from "../i18n/format.ts";
import { said, t } from "../i18n/index.ts";
import { access, labelsOn, model, program } from "../store.ts";
import type { ModelProgress } from "../wire.ts";

const PAUSED = "model.stopped";
const IMPOSSIBLE = "model.no_runtime";

/** How YAMNet's file comes, and how to stop that or go on. */
export function Coming({ progress }: { progress: ModelProgress }) {
  if (progress.code === IMPOSSIBLE) return <p class="how" dir="auto">{said(progress)}</p>;
  return <Download progress={progress} />;
}

function Download({ progress }: { progress: ModelProgress }) {
  const share = progress.done_bytes / progress.size_bytes;
  const { act, fault } = useDeed();
  const isPaused = progress.code === PAUSED;
  const waits = progress.retry_in_s !== null;
  return (
    <div class="how">
      {waits
        ? <p>{t("sounds.coming_again", { minutes: Math.ceil((progress.retry_in_s ?? 0) / 60) })}</p>
        : <p>{t(isPaused ? "sounds.paused" : "sounds.coming", { share: percent(share) })}</p>}
      <meter class="unseen" min={0} max={1} value={share} aria-hidden="true" />
      <i class="bar"><i style={{ transform: `scaleX(${share.toFixed(2)})` }} /></i>
      {progress.code && !isPaused && (
        <details>
          <summary>{t("details.open")}</summary>
          <p dir="auto">{said(progress)}</p>
        </details>
      )}
      {fault}
      <p class="form-actions">
        {(isPaused || waits) && <button type="button" class="quiet" onClick={() => act(() => ask("POST /api/model/resume"))}>{t(isPaused ? "sounds.resume" : "sounds.again")}</button>}
        {!isPaused && (waits || !progress.code) && <button type="button" class="quiet" onClick={() => act(() => ask("POST /api/model/pause"))}>{t("sounds.pause")}</button>}
      </p>
    </div>
  );
}

/** How to get YAMNet's file where it does not come by itself. */
export function HowToNameSounds() {
  return (
    <div class="how">
      <p>{t("sounds.off")}</p>
      {access.value?.ingress ? <p>{t("sounds.off_ingress")}</p> : <><p>{t("sounds.off_how")}</p><code dir="ltr">{program.value} models pull</code></>}
    </div>
  );
}

/** Whether YAMNet names sounds; or how its file comes; or how to get it. */
export function ModelState() {
  if (labelsOn.value) return <p>{t("settings.model_in_use")}</p>;
  return model.value ? <Coming progress={model.value} /> : <HowToNameSounds />;
}
