// The machines that hear for this service, where there is a cluster of them.
import { ask } from "./api.ts";
import { nodes } from "./store.ts";
import { useAnswer } from "./useAnswer.ts";
import type { Node } from "./wire.ts";

const LOOK_MS = 5000;

const look = () => ask("GET /api/nodes").then((found) => (nodes.value = found));

/** The microphones and VBAN streams of the node of that name. */
export const devicesOf = (name: string) => ask("GET /api/nodes/{name}/devices", { path: { name } });

export const lookAtNodes = () => void look().catch(() => undefined); // asked again when something shows them

/** Keeps `nodes` fresh while something shows them. */
export function useNodes(): Node[] {
  void useAnswer(look, [], LOOK_MS).value;
  return nodes.value;
}
