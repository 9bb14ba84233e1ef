import { said, t } from "../i18n/index.ts";
import { attempts, failure, link, opened, problems, sources } from "../store.ts";
import { Shape } from "./Shape.tsx";

/** What somebody should know or do, in words, above everything else. */
export function Problems() {
  const lost = opened.value && link.value === "lost";
  const sentences = [...problems.value.map(said), ...deafReceivers()];
  if (!lost && !failure.value && sentences.length === 0) return null;
  return (
    <section class="problems" aria-label={t("problems.title")}>
      {lost && <Problem sentence={t("link.lost_long")} />}
      {failure.value && <Problem sentence={failure.value} dismiss={() => (failure.value = "")} />}
      {sentences.map((sentence) => <Problem key={sentence} sentence={sentence} />)}
    </section>
  );
}

/** The sources whose receiver did not take the last thing it was told, and will not be told again. */
function deafReceivers(): string[] {
  return sources.value.flatMap((source) => source.webhooks.flatMap((webhook) => {
    const last = attempts.value.find((attempt) => attempt.target_id === `${source.id}.${webhook.id}`);
    const gaveUp = last && !last.ok && last.retry_in_s === null && webhook.enabled;
    return gaveUp ? [t("problems.webhook", { source: source.name, reason: said(last) })] : [];
  }));
}

function Problem({ sentence, dismiss }: { sentence: string; dismiss?: () => void }) {
  return (
    <p class="problem" role="alert">
      <Shape is="triangle" />
      <span dir="auto">{sentence}</span>
      {dismiss && (
        <button type="button" class="quiet icon-only" aria-label={t("problems.dismiss")} onClick={dismiss}>
          <Shape is="cross" />
        </button>
      )}
    </p>
  );
}
