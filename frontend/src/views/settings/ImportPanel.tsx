import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Refused, ask } from "../../api.ts";
import { useDeed } from "../../deed.tsx";
import { type Key, said, t } from "../../i18n/index.ts";
import { inTurn } from "../../saving.ts";
import { nameOf } from "../../steps.ts";
import type { Change, Previewed } from "../../wire.ts";
import { ChangeList } from "./StepsPanel.tsx";

const MOST_KB = 8000; // what the service takes

interface Looked {
  document: object;
  preview: Previewed & { revision: string };
}

/** Settings from a file: looked at first, then taken or not. */
export function ImportPanel() {
  const looked = useSignal<Looked | null>(null);
  const { act, change, busy, said: told, fault } = useDeed();
  const input = useRef<HTMLInputElement>(null);
  const forget = () => {
    looked.value = null;
    if (input.current) input.current.value = ""; // so that the same file can be chosen again once it was mended
  };
  const look = async (file: File) => {
    looked.value = null;
    await act(async () => {
      const document = await documentIn(file);
      looked.value = { document, preview: await inTurn(() => ask("POST /api/settings/import/preview", { body: document })) };
    });
    if (!looked.value) forget();
  };
  const take = ({ document, preview: { mode, revision } }: Looked) =>
    change(() => ask("POST /api/settings/import", { query: { mode }, body: document, revision }), () => (forget(), t("import.done")));
  return (
    <section class="panel settings-group" aria-labelledby="settings-import">
      <h2 id="settings-import">{t("import.title")}</h2>
      <p class="muted">{t("import.intro")}</p>
      <div class="field">
        <label for="import-file">{t("import.file")}</label>
        <input
          type="file" id="import-file" ref={input} accept=".json,application/json" disabled={busy}
          onChange={({ currentTarget: { files } }) => files?.[0] && void look(files[0])}
        />
      </div>
      {fault}
      {told}
      {looked.value && <Preview looked={looked.value} busy={busy} onTake={take} onCancel={forget} />}
    </section>
  );
}

interface PreviewProps {
  looked: Looked;
  busy: boolean;
  onTake: (looked: Looked) => void;
  onCancel: () => void;
}

function Preview({ looked, busy, onTake, onCancel }: PreviewProps) {
  const { format, mode, applicable, changes, notes, faults } = looked.preview;
  return (
    <div class="import-preview" role="group" aria-labelledby="import-format">
      <h3 id="import-format">{t(`import.format_${format}` satisfies Key)}</h3>
      {applicable && <p>{t(`import.mode_${mode}` satisfies Key)} <Overwritten changes={changes} /></p>}
      {faults.length > 0 && <h3>{t("import.faults")}</h3>}
      {faults.length > 0 && (
        <ul class="changes">
          {faults.map((fault) => <li key={fault.path + fault.code}><span dir="auto" title={fault.path}>{nameOf(fault.path)}</span><span dir="auto">{said(fault)}</span></li>)}
        </ul>
      )}
      {applicable && <h3>{t("import.changes")}</h3>}
      {applicable && (changes.length ? <ChangeList changes={changes} /> : <p class="muted">{t("import.nothing")}</p>)}
      {notes.length > 0 && <h3>{t("import.notes")}</h3>}
      {notes.length > 0 && (
        <ul class="changes">
          {notes.map((note) => (
            <li key={note.path + note.code}>
              <span class={`change-kind change-${note.kind}`}>{t(`import.${note.kind}` satisfies Key)}</span>
              <code dir="ltr">{note.path}</code>
              <span dir="auto">{said(note)}</span>
            </li>
          ))}
        </ul>
      )}
      <p class="form-actions">
        <button type="button" class="quiet" onClick={onCancel}>{t("form.cancel")}</button>
        {applicable && changes.length > 0 && (
          <button type="button" class="start" disabled={busy} onClick={() => onTake(looked)}>{t("import.take")}</button>
        )}
      </p>
    </div>
  );
}

/** How many of the settings of now are not what they were afterwards. */
function Overwritten({ changes }: { changes: Change[] }) {
  const count = (kinds: Change["kind"][]) => changes.filter(({ kind }) => kinds.includes(kind)).length;
  return <strong>{t("import.overwrites", { count: count(["changed", "reordered"]) })} {t("import.removes", { count: count(["removed"]) })}</strong>;
}

const notADocument = (message: string) => new Refused({ code: "", message, status: 0 });

async function documentIn(file: File): Promise<object> {
  if (file.size > MOST_KB * 1000) throw notADocument(t("import.too_large", { most: MOST_KB }));
  const text = await file.text();
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === "object" && found !== null && !Array.isArray(found)) return found;
  } catch {
    // said below
  }
  throw notADocument(t("import.not_json"));
}
