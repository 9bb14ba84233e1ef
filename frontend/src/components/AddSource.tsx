import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { type Key, t } from "../i18n/index.ts";
import type { Kind } from "../types.ts";
import { kindName } from "./kinds.ts";
import { SourceForm } from "./SourceForm.tsx";
import { SourceIcon } from "./SourceIcon.tsx";
import { StreamPaths } from "./StreamPaths.tsx";
import { VbanStreams } from "./VbanStreams.tsx";

const KINDS = ["microphone", "rtsp", "vban", "file"] as const satisfies Kind[];

/** A button that becomes a form: which kind of source, and where its sound comes from. */
export function AddSource() {
  const kind = useSignal<(typeof KINDS)[number]>("microphone");
  const open = useSignal(false);
  const news = useSignal("");
  const button = useRef<HTMLButtonElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const wasOpen = useRef(false);
  useLayoutEffect(() => {  // before anybody can type: a plain effect would take the focus away a frame later
    if (open.value) title.current?.focus();
    else if (wasOpen.current) button.current?.focus();
    wasOpen.current = open.value;
  }, [open.value]);

  const close = () => (open.value = false);
  const done = (name: string) => {
    news.value = t("add.done", { name });
    close();
  };
  return (
    <div class="add">
      {open.value ? (
        <section class="panel" aria-labelledby="add-title">
          <h2 id="add-title" tabIndex={-1} ref={title}>{t("add.title")}</h2>
          <fieldset class="kinds" onKeyDown={(event) => event.key === "Escape" && close()}>
            <legend>{t("add.kind")}</legend>
            {KINDS.map((one) => (
              <label key={one} class="kind">
                <input type="radio" name="add-kind" value={one} checked={kind.value === one} onChange={() => (kind.value = one)} />
                <SourceIcon kind={one} />
                <span><strong>{kindName(one)}</strong><span class="hint">{t(`add.kind.${one}` satisfies Key)}</span></span>
              </label>
            ))}
          </fieldset>
          {kind.value === "vban" && <VbanStreams onDone={done} />}
          {kind.value === "rtsp" && <StreamPaths onDone={done} />}
          {kind.value === "vban" && <h3>{t("vban.by_hand")}</h3>}
          <SourceForm key={kind.value} kind={kind.value} onDone={done} onCancel={close} />
        </section>
      ) : (
        <button type="button" class="quiet add-open" ref={button} onClick={() => (open.value = true)}>
          <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 5v14M5 12h14" /></svg> {t("add.open")}
        </button>
      )}
      <p class="unseen" role="status">{news.value}</p>
    </div>
  );
}
