import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { SaveState } from "../../components/SaveState.tsx";
import { t } from "../../i18n/index.ts";
import { edit } from "../../saving.ts";

/** HTTP headers that are sent along. Their values are write-only: a header is replaced, or taken away. */
export function Headers({ path, headers }: { path: string; headers: Record<string, string> }) {
  const name = useSignal("");
  const value = useSignal("");
  const first = useRef<HTMLInputElement>(null);
  const add = () => {
    if (!name.value.trim()) return;
    edit(path, { [name.value.trim()]: value.value.trim() }, 0);
    name.value = value.value = "";
    first.current?.focus();
  };
  const remove = (known: string) => {
    first.current?.focus(); // the button goes, the focus does not
    edit(path, { [known]: null }, 0);
  };
  return (
    <fieldset class="field headers" id={path} aria-describedby={`${path}-hint ${path}-state`}>
      <legend>{t("headers.title")}</legend>
      <ul>
        {Object.entries(headers).map(([known, masked]) => (
          <li key={known}>
            <code dir="ltr">{known}: {masked}</code>
            <button type="button" class="quiet" aria-label={t("headers.remove_named", { name: known })} onClick={() => remove(known)}>
              {t("webhooks.remove")}
            </button>
          </li>
        ))}
      </ul>
      <div class="header-new" onKeyDown={(event) => event.key === "Enter" && add()}>
        <input
          ref={first} aria-label={t("headers.name")} placeholder="Authorization" dir="ltr" autocomplete="off" spellcheck={false} value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        <input
          aria-label={t("headers.value")} placeholder="Bearer …" dir="ltr" autocomplete="off" spellcheck={false} value={value.value}
          onInput={(event) => (value.value = event.currentTarget.value)}
        />
        <button type="button" class="quiet" disabled={!name.value.trim()} onClick={add}>{t("headers.add")}</button>
      </div>
      <p class="hint" id={`${path}-hint`}>{t("headers.hint")}</p>
      <SaveState path={path} id={`${path}-state`} />
    </fieldset>
  );
}
