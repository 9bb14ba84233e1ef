// Whether this page is let in. Nothing else is asked of the service before that is known.
import { effect } from "@preact/signals";
import { ask } from "./api.ts";
import { access, shutOut } from "./store.ts";
import type { Access } from "./wire.ts";

const AGAIN_MS = 3000;

let asking = false;
let changing = false;

/** Asks whether this page is let in; until the service has answered once, again and again. */
export async function lookAtAccess(): Promise<void> {
  if (asking || changing) return;
  asking = true;
  const found = await ask("GET /api/access").catch(() => null);
  asking = false;
  if (found && !changing) access.value = found;
  else if (!access.value) setTimeout(() => void lookAtAccess(), AGAIN_MS);
}

/** Logs in or out, or chooses a password. Until that is answered nothing else is believed: it was said of the time before. */
export async function changeAccess(change: () => Promise<Access>): Promise<void> {
  changing = true;
  try {
    access.value = await change();
  } finally {
    changing = false;
  }
}

effect(() => {
  if (shutOut.value > 0) void lookAtAccess();
});
