import { score } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";
import { newestClap } from "../store.ts";

/** Announces each clap to screen readers, without taking the focus. */
export function Announcer() {
  const clap = newestClap.value;
  return (
    <p class="unseen" role="status" aria-live="polite">
      {clap && <span key={clap.id}>{t("house.announce", { source: clap.sourceName, score: score(clap.score) })}</span>}
    </p>
  );
}
