// The service draws the sound only of sources that somebody looks at; a page looks at one at a time.
import { signal } from "@preact/signals";
import type { Connection, Worded } from "./types.ts";

/** Why there is no picture; null while there is. */
export const unseen = signal<Worded | null>(null);

let socket: Connection | null = null;
let looked = "";

/** Looks at a source; returns how to look away. */
export function watch(sourceId: string): () => void {
  look(sourceId);
  return () => looked === sourceId && look("");
}

/** Looks over a connection that has just come, or come back. */
export function watchOver(connected: Connection): void {
  socket = connected;
  if (looked) look(looked);
}

function look(sourceId: string): void {
  looked = sourceId;
  unseen.value = null;
  if (socket?.connected) socket.emit("watch", { source: sourceId }, (answer) => (unseen.value = answer.code ? answer : null));
}
