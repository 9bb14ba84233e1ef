// Whether this page is let in. Nothing else is asked of the service before that is known.
import { computed, effect, signal } from "@preact/signals";
import { readAccess, shutOut } from "./api.ts";
import type { AccessState } from "./wire.ts";

const AGAIN_MS = 3000;

/** What the service said last; null while it has not answered yet. */
export const access = signal<AccessState | null>(null);
export const isIn = computed(() => access.value?.state === "open" || access.value?.state === "in");
export const isShutOut = computed(() => access.value !== null && !isIn.value);

let asking = false;

/** Asks whether this page is let in; until the service has answered once, again and again. */
export async function lookAtAccess(): Promise<void> {
  if (asking) return;
  asking = true;
  const found = await readAccess().catch(() => null);
  asking = false;
  if (found) access.value = found;
  else if (!access.value) setTimeout(() => void lookAtAccess(), AGAIN_MS);
}

effect(() => {
  if (shutOut.value > 0) void lookAtAccess();
});
