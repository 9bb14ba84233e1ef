import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ask, inWords, profileAddress } from "../../api.ts";
import { AskFirst, Title } from "../../components/Buttons.tsx";
import { SoundNames } from "../../components/Heard.tsx";
import { Outcome, Shape } from "../../components/Shape.tsx";
import { clock, iso, score } from "../../i18n/format.ts";
import { said, t } from "../../i18n/index.ts";
import { useSteady } from "../../press.ts";
import { linkTo } from "../../route.ts";
import { detections, learningNews, returns } from "../../store.ts";
import type { Mark } from "../../types.ts";
import { useAnswer } from "../../useAnswer.ts";
import type { HeardCandidate, Learning, LearningEffect } from "../../wire.ts";

/**
 * What the source has learnt of its place: how many examples, what it nearly took for a clap, and how to teach it more;
 * `brief` leaves out the examples.
 */
export function LearningPanel({ sourceId, brief = false }: { sourceId: string; brief?: boolean }) {
  const known = useLearning(sourceId);
  const { state: { value: state }, failure, act } = known;
  if (!state) return null;
  return (
    <section class="panel learning" aria-labelledby="learning-title">
      <Title id="learning-title" of="learn.title" />
      <p class={state.offer ? "reason" : "muted"} role="status">{summary(state)}</p>
      {state.fault && <Outcome shape="triangle" words={said(state.fault)} />}
      {failure.value && <p class="save-state save-refused" role="alert">{failure.value}</p>}
      <p class="learn-actions">
        <a class="button start" href={linkTo.calibrate(sourceId)}>{t("learn.calibrate")}</a>
        {state.undo && <button type="button" class="quiet" onClick={() => void act(ask("POST /api/sources/{source_id}/learning/undo", { path: { source_id: sourceId } }))}>{t("learn.undo")}</button>}
      </p>
      <HeardSounds sourceId={sourceId} known={known} />
      {!brief && <Examples sourceId={sourceId} state={state} known={known} />}
    </section>
  );
}

function summary({ claps, others, offer }: Learning): string {
  if (offer) return t("learn.offer");
  return claps + others === 0 ? t("learn.nothing") : t("learn.summary", { claps, others });
}

function Examples({ sourceId, state, known: { failure, act } }: { sourceId: string; state: Learning; known: Known }) {
  const load = async (file: File | undefined) => {
    if (!file) return;
    try {
      await act(ask("PUT /api/sources/{source_id}/learning/profile", { path: { source_id: sourceId }, body: JSON.parse(await file.text()) as object }));
    } catch {
      failure.value = t("learn.no_profile", { file: file.name });
    }
  };
  return (
    <details class="more-options">
      <summary>{t("learn.examples", { count: state.examples.length })}</summary>
      <ul class="learn-examples">
        {state.examples.map((one) => (
          <li key={one.id}>
            <Outcome shape={one.clap ? "disc" : "ring"} words={t(one.clap ? "learn.example_clap" : "learn.example_other")} />
            <span class="muted">{one.at !== null && <time dateTime={iso(one.at)}>{clock(one.at)}</time>}</span>
            <button type="button" class="quiet small" onClick={() => void act(ask("DELETE /api/sources/{source_id}/learning/examples/{example_id}", { path: { source_id: sourceId, example_id: one.id } }))}>{t("learn.remove")}</button>
          </li>
        ))}
      </ul>
      <p class="learn-actions">
        <label class="button quiet">
          {t("learn.import")}
          <input class="unseen" type="file" accept=".json,application/json" onChange={(event) => void load(event.currentTarget.files?.[0])} />
        </label>
        {state.examples.length > 0 && (
          <>
            <a class="button quiet" href={new URL(profileAddress(sourceId), document.baseURI).href} download>{t("learn.export")}</a>
            <AskFirst label={t("learn.forget")} question={t("learn.forget_sure")} onSure={() => void act(ask("DELETE /api/sources/{source_id}/learning", { path: { source_id: sourceId } }))} />
          </>
        )}
      </p>
    </details>
  );
}

const SHOWN = 10;
const LOOK_MS = 5000;

/** The last sounds that were, or nearly were, claps; each can be said to be one or not, which teaches the source. */
function HeardSounds({ sourceId, known }: { sourceId: string; known: Known }) {
  const effect = useSignal<LearningEffect | null>(null);
  const newest = detections.value.find((one) => one.sourceId === sourceId)?.id;
  const asked = () => ask("GET /api/sources/{source_id}/candidates", { path: { source_id: sourceId }, query: { limit: SHOWN } });
  const found = useAnswer(asked, [sourceId, newest, effect.value], LOOK_MS).value.answer?.candidates;
  const steady = useSteady(found ?? [], ({ id }) => id);
  const mark = (one: HeardCandidate, said: Mark) =>
    void ask("POST /api/sources/{source_id}/candidates/{candidate_id}/mark", { path: { source_id: sourceId, candidate_id: one.id }, body: { mark: one.mark === said ? null : said } }).then(
      (answer) => {
        known.failure.value = "";
        known.state.value = answer.learning;
        effect.value = answer.effect;
      },
      (error: unknown) => (known.failure.value = inWords(error)),
    );
  return (
    <>
      <Title id="heard-sounds-title" of="learn.heard" is="h3" />
      <ol class="candidates" aria-labelledby="heard-sounds-title">
        {found?.length === 0 && <li class="muted none">{t("learn.heard_none")}</li>}
        {steady.map((one) => <Candidate key={one.id} candidate={one} onMark={(said) => mark(one, said)} />)}
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

interface Known {
  state: Signal<Learning | null>;
  /** Why something could not be done, in words; empty when all is well. */
  failure: Signal<string>;
  /** Shows the state that a request answers with, or why it failed. */
  act: (request: Promise<Learning>) => Promise<void>;
}

/** What a source has learnt of its place, read again whenever the service says that it has changed. */
function useLearning(sourceId: string): Known {
  const state = useSignal<Learning | null>(null);
  const failure = useSignal("");
  const newest = useRef(0);
  const act = async (request: Promise<Learning>) => {
    const mine = ++newest.current;
    await request.then(
      (answer) => {
        if (mine === newest.current) state.value = answer;
        failure.value = "";
      },
      (error: unknown) => (failure.value = inWords(error)),
    );
  };
  const news = learningNews.value;
  const version = news?.source_id === sourceId ? news : null;
  useEffect(() => void act(ask("GET /api/sources/{source_id}/learning", { path: { source_id: sourceId } })), [sourceId, version, returns.value]);
  return { state, failure, act };
}
