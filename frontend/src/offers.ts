// What was just changed on this page, offered to be undone; and which changes were made here, for Ctrl+Z.
import { listSteps } from "./api.ts";
import { offer, takeSettings } from "./store.ts";
import type { ShownSettings, Step } from "./wire.ts";

export interface Offer {
  /** `refused`: undoing it was, and why. */
  kind: "done" | "undone" | "refused";
  step: Step;
  reason: string;
}

/** Ids of the steps made here, the newest last: those that Ctrl+Z undoes, and those with which Ctrl+Y brings back. */
export const made: string[] = [];
export const undone: string[] = [];

/** What this page does by itself is no change of the person's. */
const isOwnDoing = (step: Step) => step.changes.every(({ path }) => path === "welcomed");

let finding: Promise<void> = Promise.resolve();

/** Takes settings that a person has just changed on this page, and offers to undo that. */
export function takeOwn(fresh: ShownSettings): void {
  takeSettings(fresh);
  const found = find(fresh.revision);
  finding = finding.then(() => found);
}

/** Resolves when the steps of all that was taken so far are known. */
export const allFound = (): Promise<void> => finding;

async function find(revision: string): Promise<void> {
  // Without an answer there is no offer: a lost connection is shown at the top of the page already, and settings have the list.
  const found = await listSteps().catch(() => null);
  const step = found?.steps.find((one) => one.revision === revision && one.why !== "undo");
  if (!step || made.at(-1) === step.id || isOwnDoing(step)) return;
  made.push(step.id);
  undone.length = 0;
  offer.value = { kind: "done", step, reason: "" };
}
