import type { Signal } from "@preact/signals";
import { t } from "../i18n/index.ts";

/** Under a long list: all of it, or the newest only. */
export function ShowMore({ all, count, shown }: { all: Signal<boolean>; count: number; shown: number }) {
  if (count <= shown) return null;
  return (
    <button type="button" class="quiet more" aria-expanded={all.value} onClick={() => (all.value = !all.value)}>
      {all.value ? t("feed.less") : t("feed.more", { count })}
    </button>
  );
}
