// The machines that hear for this service, where there is a cluster of them.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask } from "./api.ts";
import type { Node } from "./wire.ts";

const LOOK_MS = 5000;

/** Empty where there is no cluster. */
export const nodes = signal<Node[]>([]);

export const lookAtNodes = () => void ask("GET /api/nodes").then((found) => (nodes.value = found), () => undefined); // asked again soon

/** Keeps `nodes` fresh while something shows them. */
export function useNodes(): Node[] {
  useEffect(() => {
    lookAtNodes();
    const timer = setInterval(() => document.hidden || lookAtNodes(), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  return nodes.value;
}
