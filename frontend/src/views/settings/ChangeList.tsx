import { type Key, t } from "../../i18n/index.ts";
import type { Change } from "../../wire.ts";

/** What would become of the settings, path by path. */
export function ChangeList({ changes }: { changes: Change[] }) {
  return (
    <ul class="changes">
      {changes.map((change) => (
        <li key={change.path}>
          <span class={`change-kind change-${change.kind}`}>{t(`changes.${change.kind}` satisfies Key)}</span>
          <code dir="ltr">{change.path}</code>
          <span class="change-values" dir="auto">
            {change.kind !== "added" && <del><Shown value={change.old} /></del>}
            {change.kind !== "removed" && <ins><Shown value={change.new} /></ins>}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** A value; of a whole source or webhook its name, and the rest on demand. */
function Shown({ value }: { value: unknown }) {
  if (typeof value !== "object" || value === null) return <>{JSON.stringify(value)}</>;
  const { name, id } = value as { name?: unknown; id?: unknown };
  if (name === undefined && id === undefined) return <>{JSON.stringify(value)}</>;
  return <details><summary>{String(name ?? id)}</summary><pre dir="ltr">{JSON.stringify(value, null, 2)}</pre></details>;
}
