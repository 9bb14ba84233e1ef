// The sources of the wall, by rooms, in the order of the settings; what is broken comes first in its room.
import { computed, effect, signal } from "@preact/signals";
import { recall, remember } from "../../memory.ts";
import { isBroken, sources } from "../../store.ts";
import type { SourceSettings } from "../../types.ts";

export interface Room {
  /** Empty for the sources of no room. */
  name: string;
  sources: SourceSettings[];
}

/** With so few sources their tiles grow into cards, which show at once what is set once. */
const FEW = 2;

export const isFew = computed(() => sources.value.length <= FEW);

export const broken = computed(() => sources.value.filter((one) => isBroken(one)));

export const rooms = computed<Room[]>(() => {
  const found = new Map<string, SourceSettings[]>();
  for (const source of sources.value) found.set(source.room, [...(found.get(source.room) ?? []), source]);
  const isLast = ({ name }: Room) => Number(name === "");
  const order = ({ id }: SourceSettings) => Number(!broken.value.some((one) => one.id === id));
  return [...found]
    .map(([name, all]) => ({ name, sources: [...all].sort((a, b) => order(a) - order(b)) }))
    .sort((a, b) => isLast(a) - isLast(b));
});

const kept = recall("folded");
/** Rooms that are folded on this device. */
export const folded = signal<string[]>(Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : []);

effect(() => remember("folded", folded.value));
