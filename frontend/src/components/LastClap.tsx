import { useComputed } from "@preact/signals";
import { ago, clock, score } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";
import { lastOf, now } from "../store.ts";

/** When a source clapped last, and how surely; that it never did only where its history says so. */
export function LastClap({ sourceId, long = false }: { sourceId: string; long?: boolean }) {
  const words = useComputed(() => {
    const last = lastOf.value[sourceId];
    if (!last) return t("house.last_none");
    const when = long ? clock(last.timestamp) : ago(last.timestamp, now.value);
    return t(long ? "source.last" : "tile.last", { when, score: score(last.score) });
  });
  return <span class="last-clap muted">{words.value}</span>;
}
