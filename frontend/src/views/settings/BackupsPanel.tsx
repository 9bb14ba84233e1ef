import { useSignal } from "@preact/signals";
import { ask, SETTINGS_FILE } from "../../api.ts";
import { AskFirst } from "../../components/Buttons.tsx";
import { Outcome } from "../../components/Shape.tsx";
import { type Deed, useDeed } from "../../deed.tsx";
import { clock } from "../../i18n/format.ts";
import { type Key, said, t } from "../../i18n/index.ts";
import { useSteady } from "../../press.ts";
import { inTurn } from "../../saving.ts";
import { inOneLine } from "../../steps.ts";
import { settings } from "../../store.ts";
import { useAnswer } from "../../useAnswer.ts";
import type { Backup } from "../../wire.ts";
import { ChangeList } from "./StepsPanel.tsx";

const SHOWN_AT_FIRST = 5;

/** Settings of before: looked at, put back in force; and those of now, taken away as a file. */
export function BackupsPanel() {
  const deed = useDeed();
  const kept = useSignal(0);
  const { answer, failure } = useAnswer(() => ask("GET /api/settings/backups"), [settings.value?.revision, kept.value]).value;
  const keep = () => deed.act(() => inTurn(() => ask("POST /api/settings/backups")), () => (kept.value += 1, t("backups.kept")));
  const withSecrets = () =>
    deed.act(() => ask("POST /api/settings/export", { body: { secrets: true } }), (found) => download(found, "claptrap-settings-with-secrets.json"));
  return (
    <section class="panel settings-group" aria-labelledby="settings-backups">
      <h2 id="settings-backups">{t("backups.title")}</h2>
      <p class="muted">{t("backups.intro")}</p>
      <div class="downloads">
        <button type="button" class="quiet" onClick={keep}>{t("backups.keep")}</button>
        <a class="button" href={SETTINGS_FILE} download>{t("backups.download")}</a>
        <AskFirst label={t("backups.download_secrets")} named={t("backups.secrets_title")} question={t("backups.secrets_sure")} onSure={withSecrets} />
      </div>
      {deed.said}
      {deed.fault || (failure && <p role="alert"><Outcome shape="cross" words={failure} /></p>)}
      {answer && <BackupList backups={answer.backups} deed={deed} />}
    </section>
  );
}

function BackupList({ backups, deed }: { backups: Backup[]; deed: Deed }) {
  const all = useSignal(false);
  const shown = useSteady(all.value ? backups : backups.slice(0, SHOWN_AT_FIRST), ({ name }) => name);
  if (backups.length === 0) return <p class="muted">{t("backups.none")}</p>;
  return (
    <>
      <ul class="backups">{shown.map((backup) => <BackupRow key={backup.name} backup={backup} deed={deed} />)}</ul>
      {shown.length < backups.length && (
        <p><button type="button" class="quiet" onClick={() => (all.value = true)}>{t("backups.more", { count: backups.length })}</button></p>
      )}
    </>
  );
}

function BackupRow({ backup, deed }: { backup: Backup; deed: Deed }) {
  const open = useSignal(false);
  const when = clock(backup.at);
  const restore = () => deed.change(
    () => ask("POST /api/settings/backups/{name}/restore", { path: { name: backup.name }, revision: settings.value?.revision }),
    () => (open.value = false, t("backups.restored", { when })),
  );
  return (
    <li>
      <span class="backup-what">
        <strong class="numbers">{when}</strong>{" "}
        {backup.why !== "change" && <span class="change-kind">{t(`backups.why_${backup.why}` satisfies Key)}</span>}{" "}
        {backup.changes.length > 0 && <span dir="auto">{t("backups.before", { what: inOneLine(backup.changes) })}</span>}
        {!backup.valid && <Outcome shape="cross" words={said(backup)} />}
      </span>
      {backup.valid && (
        <span class="backup-actions">
          <button
            type="button" class="quiet" aria-expanded={open.value} aria-label={t("backups.compare_named", { when })}
            onClick={() => (open.value = !open.value)}
          >{t("backups.compare")}</button>
          <AskFirst
            label={t("backups.restore")} named={t("backups.restore_named", { when })}
            question={t("backups.restore_sure", { when })} onSure={restore}
          />
        </span>
      )}
      {open.value && <Difference name={backup.name} />}
    </li>
  );
}

/** What restoring would change, compared again whenever the settings change. */
function Difference({ name }: { name: string }) {
  const { answer, failure } = useAnswer(() => ask("GET /api/settings/backups/{name}/diff", { path: { name } }), [name, settings.value?.revision]).value;
  if (failure) return <p role="alert"><Outcome shape="cross" words={failure} /></p>;
  if (!answer) return null;
  if (answer.changes.length === 0) return <p class="difference muted">{t("backups.same")}</p>;
  return <div class="difference"><p>{t("backups.would_change")}</p><ChangeList changes={answer.changes} /></div>;
}

/** Hands a document to the person as a JSON file. */
export function download(document_: object, name: string): void {
  const address = URL.createObjectURL(new Blob([JSON.stringify(document_, null, 2) + "\n"], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
