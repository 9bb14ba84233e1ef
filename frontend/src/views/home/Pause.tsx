import { computed, useSignal } from "@preact/signals";
import { ask } from "../../api.ts";
import { timeOfDay } from "../../i18n/format.ts";
import { t } from "../../i18n/index.ts";
import { inTurn } from "../../saving.ts";
import { failure, link, now, settings } from "../../store.ts";
import { inWords } from "../../words.ts";

const PAUSE_S = 3600;

/** Why nothing of the whole house is sent, in words; empty where detections act. */
export const pauseWords = computed(() => {
  const when = settings.value?.when;
  if (!when || (when.armed && when.snoozed_until <= now.value)) return "";
  return when.armed ? t("arming.paused", { time: timeOfDay(new Date(1000 * when.snoozed_until)) }) : t("arming.disarmed");
});

/** Sends nothing for an hour, whatever is heard; or sends again. */
export function PauseButton() {
  const busy = useSignal(false);
  const isPaused = pauseWords.value !== "";
  const toggle = async () => {
    busy.value = true;
    failure.value = "";
    await inTurn(() => ask("POST /api/arming", { body: isPaused ? { armed: true, snooze_s: 0 } : { snooze_s: PAUSE_S } })).catch((error: unknown) => (failure.value = inWords(error)));
    busy.value = false;
  };
  return (
    <button type="button" class="quiet pause" disabled={busy.value || link.value !== "connected"} aria-label={t(isPaused ? "arming.act" : "arming.pause")} onClick={toggle}>
      {t(isPaused ? "arming.act_short" : "arming.pause_short")}
    </button>
  );
}
