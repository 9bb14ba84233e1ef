import { said, t } from "../i18n/index.ts";
import { failure, link, opened, problems } from "../store.ts";
import { Shape } from "./Shape.tsx";

/** What somebody should know or do, in words, above everything else. */
export function Problems() {
  const lost = opened.value && link.value === "lost";
  const sentences = problems.value.map(said);
  if (!lost && !failure.value && sentences.length === 0) return null;
  return (
    <section class="problems" aria-label={t("problems.title")}>
      {lost && <Problem sentence={t("link.lost_long")} />}
      {failure.value && <Problem sentence={failure.value} dismiss={() => (failure.value = "")} />}
      {sentences.map((sentence) => <Problem key={sentence} sentence={sentence} />)}
    </section>
  );
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
