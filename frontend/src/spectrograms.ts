// Which source's spectrogram this page gets: the service makes them only for pages that show one, one at a time.
import { unseen } from "./store.ts";
import type { Connection } from "./types.ts";

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
