import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { ask } from "../../api.ts";
import { Outcome } from "../../components/Shape.tsx";
import { SourceForm } from "../../components/SourceForm.tsx";
import { SourceIcon } from "../../components/SourceState.tsx";
import { kindName } from "../../components/kinds.ts";
import { type Key, t } from "../../i18n/index.ts";
import { route } from "../../route.ts";
import { access, isAdding, nodes, program, sources } from "../../store.ts";
import type { Kind } from "../../types.ts";
import { useAnswer } from "../../useAnswer.ts";
import { StreamPaths, VbanStreams } from "./VbanStreams.tsx";

const KINDS = ["microphone", "rtsp", "browser", "vban", "wyoming", "file"] as const satisfies Kind[];

/** The button that opens it; its words are left out where there is no room. */
export function AddButton() {
  return (
    <button type="button" class="quiet add-open" aria-label={t("add.open")} title={t("add.open")} onClick={() => (isAdding.value = true)}>
      <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 5v14M5 12h14" /></svg> <span>{t("add.open")}</span>
    </button>
  );
}

/** Which kind of source, and where its sound comes from. It closes when another view is gone to. */
export function AddDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const news = useSignal("");
  useLayoutEffect(() => void (isAdding.value && dialog.current!.showModal()), [isAdding.value]);
  useLayoutEffect(() => () => dialog.current?.close(), [route.value]);
  const close = () => dialog.current!.close();
  const done = (name: string) => {
    news.value = t("add.done", { name });
    close();
  };
  return (
    <>
      <dialog class="panel add" ref={dialog} aria-labelledby="add-title" onClose={() => (isAdding.value = false)}>
        {isAdding.value && <Ways onDone={done} onClose={close} />}
      </dialog>
      <p class="unseen" role="status">{news.value}</p>
    </>
  );
}

function Ways({ onDone, onClose }: { onDone: (name: string) => void; onClose: () => void }) {
  const kind = useSignal<(typeof KINDS)[number]>("microphone");
  const machine = useSignal("");
  const isPinned = nodes.value.length > 0 && (kind.value === "microphone" || kind.value === "vban");
  const node = isPinned ? machine.value : "";
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
      {isPinned && (
        <div class="field">
          <label for="add-machine">{t("add.machine")}</label>
          <select id="add-machine" value={node} onChange={(event) => (machine.value = event.currentTarget.value)}>
            <option value="">{t("place.node.server")}</option>
            {nodes.value.map(({ name }) => <option key={name} value={name} dir="auto">{name}</option>)}
          </select>
        </div>
      )}
      {kind.value === "vban" && <><VbanStreams key={node} node={node} onDone={onDone} /><h3>{t("vban.by_hand")}</h3></>}
      {kind.value === "rtsp" && <StreamPaths onDone={onDone} />}
      {kind.value === "browser"
        ? <PhoneWay onClose={onClose} />
        : <SourceForm key={`${kind.value} ${node}`} kind={kind.value} node={node} onDone={onDone} onCancel={onClose} />}
    </>
  );
}

/** How a phone becomes a microphone: the code to scan, or what must be done first; and which came since this is shown. */
function PhoneWay({ onClose }: { onClose: () => void }) {
  const { answer, failure } = useAnswer(() => ask("GET /api/micro"), []).value;
  const before = useRef(new Set(sources.value.map(({ id }) => id)));
  const joined = sources.value.filter(({ id, kind }) => kind === "browser" && !before.current.has(id));
  const { address, secure } = answer ?? { address: null, secure: false };
  return (
    <section class="phone" aria-label={t("phone.title")}>
      {failure && <p role="alert"><Outcome shape="cross" words={failure} /></p>}
      {address && secure && (
        <div class="phone-way">
          <img src="api/micro/qr.svg" width="180" height="180" alt={t("phone.qr", { address })} />
          <div>
            <p>{t("phone.scan")}</p>
            <p><a href={address} dir="ltr">{address}</a></p>
            <p class="hint">{t("phone.warning")}</p>
          </div>
        </div>
      )}
      {answer && !(address && secure) && (
        <div class="how">
          <p>{t(access.value?.ingress ? "phone.ingress" : address ? "phone.insecure" : "phone.loopback")}</p>
          {!access.value?.ingress && <code dir="ltr">{program.value} serve --host 0.0.0.0 --tls</code>}
        </div>
      )}
      <div role="status">{joined.map(({ id, name }) => <p key={id}><Outcome shape="check" words={t("add.done", { name })} /></p>)}</div>
      <p class="form-actions">
        <a class="button" href="micro" target="_blank" rel="noopener">{t("phone.here")}</a>
        <button type="button" class="quiet" onClick={onClose}>{t("selftest.close")}</button>
      </p>
    </section>
  );
}
