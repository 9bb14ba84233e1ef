import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, inWords } from "../../api.ts";
import { Shape } from "../../components/Shape.tsx";
import { SoundNames } from "../../components/Heard.tsx";
import { clock, iso, score } from "../../i18n/format.ts";
import { t } from "../../i18n/index.ts";
import { detections, returns } from "../../store.ts";
import type { Mark } from "../../types.ts";
import type { HeardCandidate, LearningEffect } from "../../wire.ts";
import type { Known } from "./learning.ts";

const SHOWN = 10;
const LOOK_MS = 5000;

/** The last sounds that were, or nearly were, claps; each can be said to be one or not, which teaches the source. */
export function HeardSounds({ sourceId, known }: { sourceId: string; known: Known }) {
  const found = useSignal<HeardCandidate[]>([]);
  const effect = useSignal<LearningEffect | null>(null);
  const read = () => void ask("GET /api/sources/{source_id}/candidates", { path: { source_id: sourceId }, query: { limit: SHOWN } }).then(({ candidates }) => (found.value = candidates), () => undefined); // asked again soon
  const newest = detections.value.find((one) => one.sourceId === sourceId)?.id;
  useEffect(read, [sourceId, newest, returns.value]);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || read(), LOOK_MS);
    return () => clearInterval(timer);
  }, [sourceId]);
  const mark = (one: HeardCandidate, said: Mark) =>
    void ask("POST /api/sources/{source_id}/candidates/{candidate_id}/mark", { path: { source_id: sourceId, candidate_id: one.id }, body: { mark: one.mark === said ? null : said } }).then(
      (answer) => {
        known.failure.value = "";
        known.state.value = answer.learning;
        effect.value = answer.effect;
        read();
      },
      (error: unknown) => (known.failure.value = inWords(error)),
    );
  return (
    <>
      <h3 id="heard-sounds-title">{t("learn.heard")}</h3>
      {found.value.length === 0 && <p class="muted">{t("learn.heard_none")}</p>}
      <ol class="candidates" aria-labelledby="heard-sounds-title">
        {found.value.map((one) => <Candidate key={one.id} candidate={one} onMark={(said) => mark(one, said)} />)}
      </ol>
      <p role="status" class="learn-effect">{effect.value && inFigures(effect.value)}</p>
    </>
  );
}

function Candidate({ candidate, onMark }: { candidate: HeardCandidate; onMark: (said: Mark) => void }) {
  const { at, clap, labels, mark } = candidate;
  return (
    <li class={clap ? "candidate-clap" : ""}>
      <time class="numbers muted" dateTime={iso(at)}>{clock(at)}</time>
      <span class="score-pill numbers">{score(candidate.score)}</span>
      <span class="candidate-why">
        <span class="outcome"><Shape is={clap ? "disc" : "ring"} />{t(clap ? "learn.was_clap" : "learn.was_none")}</span>
        <SoundNames labels={labels} />
        <span class="marks">
          <button type="button" class="quiet small" aria-pressed={mark === "clap"} onClick={() => onMark("clap")}>{t("history.is_clap")}</button>
          <button type="button" class="quiet small" aria-pressed={mark === "not_clap"} onClick={() => onMark("not_clap")}>{t("history.is_not_clap")}</button>
        </span>
      </span>
    </li>
  );
}

/** What the examples are worth, in a sentence: each was left out once and asked of the others. */
function inFigures({ applied, before, after }: LearningEffect): string {
  const figures = {
    claps: after.claps, heard: after.claps_heard, was: before.claps_heard,
    others: after.others, others_heard: after.others_heard, others_was: before.others_heard,
  };
  return t(applied ? "learn.helps" : "learn.helps_not", figures);
}
