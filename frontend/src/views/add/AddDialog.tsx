import { signal, useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { kindName } from "../../components/kinds.ts";
import { SourceForm } from "../../components/SourceForm.tsx";
import { SourceIcon } from "../../components/SourceState.tsx";
import { type Key, t } from "../../i18n/index.ts";
import { route } from "../../route.ts";
import type { Kind } from "../../types.ts";
import { PhoneWay } from "./PhoneWay.tsx";
import { StreamPaths, VbanStreams } from "./VbanStreams.tsx";

const KINDS = ["microphone", "rtsp", "browser", "vban", "wyoming", "file"] as const satisfies Kind[];
const isOpen = signal(false);

/** Opens the dialog, from wherever a source is wanted. */
export const openAdd = () => (isOpen.value = true);

/** The button that opens it; its words are left out where there is no room. */
export function AddButton() {
  return (
    <button type="button" class="quiet add-open" aria-label={t("add.open")} title={t("add.open")} onClick={openAdd}>
      <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 5v14M5 12h14" /></svg> <span>{t("add.open")}</span>
    </button>
  );
}

/** Which kind of source, and where its sound comes from. It closes when another view is gone to. */
export function AddDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const news = useSignal("");
  useLayoutEffect(() => void (isOpen.value && dialog.current!.showModal()), [isOpen.value]);
  useLayoutEffect(() => () => dialog.current?.close(), [route.value]);
  const close = () => dialog.current!.close();
  const done = (name: string) => {
    news.value = t("add.done", { name });
    close();
  };
  return (
    <>
      <dialog class="panel add" ref={dialog} aria-labelledby="add-title" onClose={() => (isOpen.value = false)}>
        {isOpen.value && <Ways onDone={done} onClose={close} />}
      </dialog>
      <p class="unseen" role="status">{news.value}</p>
    </>
  );
}

function Ways({ onDone, onClose }: { onDone: (name: string) => void; onClose: () => void }) {
  const kind = useSignal<(typeof KINDS)[number]>("microphone");
  return (
    <>
      <h2 id="add-title">{t("add.title")}</h2>
      <fieldset class="kinds">
        <legend>{t("add.kind")}</legend>
        {KINDS.map((one) => (
          <label key={one} class="kind">
            <input type="radio" name="add-kind" value={one} checked={kind.value === one} onChange={() => (kind.value = one)} />
            <SourceIcon kind={one} />
            <span><strong>{kindName(one)}</strong><span class="hint">{t(`add.kind.${one}` satisfies Key)}</span></span>
          </label>
        ))}
      </fieldset>
      {kind.value === "vban" && <><VbanStreams onDone={onDone} /><h3>{t("vban.by_hand")}</h3></>}
      {kind.value === "rtsp" && <StreamPaths onDone={onDone} />}
      {kind.value === "browser"
        ? <PhoneWay onClose={onClose} />
        : <SourceForm key={kind.value} kind={kind.value} onDone={onDone} onCancel={onClose} />}
    </>
  );
}
