import { type Key, t } from "../../i18n/index.ts";
import { nameOf, valueInWords } from "../../steps.ts";
import type { Change } from "../../wire.ts";

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
