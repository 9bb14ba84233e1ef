import { useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";

interface Props {
  label: string;
  /** The label where several such buttons stand together. */
  named?: string;
  question: string;
  onSure: () => void;
}

/** A button that asks before it does what it says. */
export function AskFirst({ label, named = label, question, onSure }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button type="button" class="quiet" data-asks aria-label={named} onClick={() => dialog.current?.showModal()}>{label}</button>
      <dialog class="panel" ref={dialog} aria-label={named}>
        <p>{question}</p>
        <p class="form-actions">
          <button type="button" class="quiet" autofocus onClick={() => dialog.current?.close()}>{t("form.cancel")}</button>
          <button type="button" class="remove" onClick={() => { dialog.current?.close(); onSure(); }}>{label}</button>
        </p>
      </dialog>
    </>
  );
}
