import { listSteps } from "../../api.ts";
import { Outcome } from "../../components/Shape.tsx";
import { clock } from "../../i18n/format.ts";
import { type Key, t } from "../../i18n/index.ts";
import { useSteady } from "../../press.ts";
import { inOneLine, nameOf, valueInWords } from "../../steps.ts";
import { settings } from "../../store.ts";
import { undo } from "../../undo.ts";
import { useAnswer } from "../../useAnswer.ts";
import type { Change, Step } from "../../wire.ts";

/** The newest changes, whoever made them, each to be undone alone. */
export function StepsPanel() {
  const { answer, failure } = useAnswer(listSteps, [settings.value?.revision]).value;
  const steady = useSteady(answer?.steps ?? [], ({ id }) => id);
  return (
    <section class="panel settings-group" aria-labelledby="settings-steps">
      <h2 id="settings-steps">{t("steps.title")}</h2>
      <p class="muted">{t("steps.intro")}</p>
      {failure && <p role="alert"><Outcome shape="cross" words={failure} /></p>}
      {answer && answer.steps.length === 0 && <p class="muted">{t("steps.none")}</p>}
      {steady.length > 0 && <ul class="backups">{steady.map((step) => <StepRow key={step.id} step={step} />)}</ul>}
    </section>
  );
}

function StepRow({ step }: { step: Step }) {
  const line = inOneLine(step.changes);
  return (
    <li>
      <span class="backup-what">
        <strong class="numbers">{clock(step.at)}</strong>{" "}
        {step.why !== "change" && <span class="change-kind">{t(`steps.why_${step.why}` satisfies Key)}</span>} <span dir="auto">{line}</span>
      </span>
      <button type="button" class="quiet" aria-label={t("steps.undo_named", { what: line })} onClick={() => void undo(step)}>{t("undo.undo")}</button>
      {step.changes.length > 1 && (
        <details class="step-all"><summary>{t("steps.all")}</summary><ChangeList changes={step.changes} /></details>
      )}
    </li>
  );
}

/** What would become of the settings, each named as its field is; its path for who wants to know. */
export function ChangeList({ changes }: { changes: Change[] }) {
  return (
    <ul class="changes">
      {changes.map((change) => (
        <li key={change.path}>
          <span class={`change-kind change-${change.kind}`}>{t(`changes.${change.kind}` satisfies Key)}</span>
          <span dir="auto" title={change.path}>{nameOf(change.path, change)}</span>
          <span class="change-values" dir="auto">
            {change.kind !== "added" && <del><Shown value={change.old} /></del>}
            {change.kind !== "removed" && <ins><Shown value={change.new} /></ins>}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** A value as its field shows it; of a whole source or webhook the rest on demand. */
function Shown({ value }: { value: unknown }) {
  if (typeof value !== "object" || value === null) return <>{valueInWords(value) ?? String(value)}</>;
  return <details><summary>{t("details.open")}</summary><pre dir="ltr">{JSON.stringify(value, null, 2)}</pre></details>;
}
