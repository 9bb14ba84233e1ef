import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { type Offer, offer } from "../offers.ts";
import { route } from "../route.ts";
import { inOneLine } from "../steps.ts";
import { undo, undoByKey } from "../undo.ts";
import { Shape } from "./Shape.tsx";

const SHOWN_MS = 10_000;

/**
 * What was just changed, for a while, with the way back; and the keys that go the same way at any time. Through the first
 * minute, where it would stand over the way on, only the keys.
 */
export function UndoBar() {
  const bar = useRef<HTMLDivElement>(null);
  const offered = offer.value;
  useEffect(() => {
    addEventListener("keydown", undoByKey);
    return () => removeEventListener("keydown", undoByKey);
  }, []);
  useEffect(() => {
    if (!offered) return undefined;
    const timer = setInterval(() => bar.current?.matches(":hover, :focus-within") || (offer.value = null), SHOWN_MS);
    return () => clearInterval(timer);
  }, [offered]);
  return (
    <div class="undo" role="status" ref={bar}>
      {offered && route.value.view !== "start" && <Offered {...offered} />}
    </div>
  );
}

function Offered({ kind, step, reason }: Offer) {
  return (
    <div class={`undo-bar undo-${kind}`}>
      <Shape is={kind === "refused" ? "cross" : "check"} />
      <p dir="auto">
        {kind === "refused" ? reason : <>{kind === "undone" && <b>{t("undo.undone")} </b>}{inOneLine(step.changes)}</>}
      </p>
      {kind !== "refused" && ( // one button, which keeps the focus while its word changes
        <button type="button" onClick={() => void undo(step, kind === "done" ? "undone" : "done")}>{t(kind === "done" ? "undo.undo" : "undo.redo")}</button>
      )}
      <button type="button" class="icon-only" aria-label={t("problems.dismiss")} onClick={() => (offer.value = null)}><Shape is="cross" /></button>
    </div>
  );
}
