import { useSignal } from "@preact/signals";
import { ask } from "../../api.ts";
import { decimal } from "../../i18n/format.ts";
import { t } from "../../i18n/index.ts";
import { takeSnapshot } from "../../store.ts";
import { inWords } from "../../words.ts";
import { AskFirst } from "../../components/AskFirst.tsx";
import { useAnswer } from "../../useAnswer.ts";
import { forgotten } from "./filter.ts";

const MEGABYTE = 1e6;

/** What is kept, and how to be rid of it: sounds only, or everything. Asks before. */
export function Forget({ newest }: { newest: string }) {
  const done = useSignal("");
  const failure = useSignal("");
  const { answer } = useAnswer(() => ask("GET /api/clips"), [newest]).value;
  const told = (words: string) => {
    done.value = words;
    forgotten.value += 1;
  };
  const act = (deed: () => Promise<void>) => {
    done.value = failure.value = "";
    void deed().catch((error: unknown) => (failure.value = inWords(error)));
  };
  const deleteSounds = () => ask("DELETE /api/clips").then(({ deleted }) => told(t("history.sounds_deleted", { count: deleted })));
  const deleteAll = () => ask("DELETE /api/history").then(async ({ deleted }) => {
    told(t("history.forgotten", { count: deleted }));
    takeSnapshot(await ask("GET /api/state")); // the feed of the house shows them, too
  });
  return (
    <section class="panel settings-group" aria-labelledby="kept-title">
      <h2 id="kept-title">{t("history.kept")}</h2>
      {answer && <p>{t("history.clips_kept", { count: answer.clips, size: decimal(answer.size_bytes / MEGABYTE, 1), days: answer.keep_days, most: answer.keep_mb })}</p>}
      <div class="downloads">
        <AskFirst label={t("history.delete_sounds")} question={t("history.delete_sounds_sure")} onSure={() => act(deleteSounds)} />
        <AskFirst label={t("history.delete_all")} question={t("history.delete_all_sure")} onSure={() => act(deleteAll)} />
      </div>
      <output class="muted">{done.value}</output>
      {failure.value && <p class="save-state save-refused" role="alert">{failure.value}</p>}
    </section>
  );
}
