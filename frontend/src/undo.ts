// Undoing: one change is taken back, exactly what it touched, unless the same has been changed since.
import { ask, inWords, listSteps } from "./api.ts";
import { allFound, made, undone } from "./offers.ts";
import { inTurn, showTruth } from "./saving.ts";
import { offer, takeSettings } from "./store.ts";
import type { Step } from "./wire.ts";

/** Undoes `step`; or, where `kind` is "done", brings back what `step` has undone. */
export async function undo(step: Step, kind: "undone" | "done" = "undone"): Promise<void> {
  await inTurn(() => ask("POST /api/settings/steps/{step_id}/undo", { path: { step_id: step.id } })).then(
    (answer) => {
      showTruth();
      takeSettings(answer.settings);
      (kind === "undone" ? undone : made).push(answer.step.id);
      offer.value = { kind, step: answer.step, reason: "" };
    },
    (error: unknown) => (offer.value = { kind: "refused", step, reason: inWords(error) }),
  );
  for (const known of [made, undone]) if (known.includes(step.id)) known.splice(known.indexOf(step.id), 1);
}

/**
 * Undoes the newest change that was made on this page, or brings back the newest that was undone here. What is still on its
 * way is waited for: it is the newest, though the page shows it before its step is known.
 */
async function undoNewest(ids: string[], kind: "undone" | "done"): Promise<void> {
  await inTurn(() => Promise.resolve());
  await allFound();
  const { steps } = await listSteps().catch(() => ({ steps: [] as Step[] })); // told at the top of the page: the connection is lost
  const step = steps.find(({ id }) => ids.includes(id));
  if (step) await undo(step, kind);
}

/** Ctrl+Z, and Ctrl+Y or Ctrl+Shift+Z; where a text is being typed they are the text's. */
export function undoByKey(event: KeyboardEvent): void {
  const key = event.key.toLowerCase();
  const back = key === "z" && !event.shiftKey;
  if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== "z" && key !== "y") || isTyping(event.target)) return;
  event.preventDefault();
  void undoNewest(back ? made : undone, back ? "undone" : "done");
}

const NO_TEXT = ["checkbox", "radio", "range", "button", "submit", "file"];

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !NO_TEXT.includes(target.type);
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable);
}
