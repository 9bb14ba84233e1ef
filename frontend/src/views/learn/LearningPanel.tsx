import { ask, profileAddress } from "../../api.ts";
import { AskFirst } from "../../components/Buttons.tsx";
import { Outcome } from "../../components/Shape.tsx";
import { clock, iso } from "../../i18n/format.ts";
import { said, t } from "../../i18n/index.ts";
import { linkTo } from "../../route.ts";
import type { Learning } from "../../wire.ts";
import { HeardSounds } from "./HeardSounds.tsx";
import { type Known, useLearning } from "./learning.ts";

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
      <h2 id="learning-title">{t("learn.title")}</h2>
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
