import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask } from "../../api.ts";
import { FormField } from "../../components/FormField.tsx";
import { SoundNames } from "../../components/Heard.tsx";
import { Outcome } from "../../components/Shape.tsx";
import { useDeed } from "../../deed.tsx";
import { decimal, percent } from "../../i18n/format.ts";
import { t } from "../../i18n/index.ts";
import type { SourceSettings } from "../../types.ts";
import type { RhythmLesson, SoundLesson } from "../../wire.ts";

const LOOK_MS = 500;
const SHOWN = 5;
export type Taught = "rhythms" | "sounds";

/** Teaches a rhythm or a sound: it is made three times, shown as it was heard, named, and added to the reactions. */
export function Lesson({ source: { id }, taught, onClose }: { source: SourceSettings; taught: Taught; onClose: () => void }) {
  const lesson = useSignal<RhythmLesson | SoundLesson | null>(null);
  const name = useSignal("");
  const typed = useSignal("");
  const deed = useDeed();
  useEffect(() => {
    const look = (verb: "GET" | "POST") => void ask(`${verb} /api/sources/{source_id}/${taught}/lesson`, { path: { source_id: id } }).then((found) => (lesson.value = found), () => undefined); // asked again soon
    look("POST");
    const timer = setInterval(() => document.hidden || look("GET"), LOOK_MS);
    return () => {
      clearInterval(timer);
      void ask(`DELETE /api/sources/{source_id}/${taught}/lesson`, { path: { source_id: id } }).catch(() => undefined); // where it was applied there is none; else it ends by itself
    };
  }, [id]);
  const apply = (event: Event) => {
    event.preventDefault();
    const bound = typed.value ? { [BOUNDS[taught]]: Number(typed.value.replace(",", ".")) } : {};
    void deed.change(() => ask(`POST /api/sources/{source_id}/${taught}/lesson/apply`, { path: { source_id: id }, body: { name: name.value.trim(), ...bound } }), onClose);
  };
  const { proposal = null, wanted = 3 } = lesson.value ?? {};
  return (
    <form class="lesson" aria-labelledby="lesson-title" onSubmit={apply}>
      <h3 id="lesson-title">{t(`lesson.${taught}.title`, { count: wanted })}</h3>
      <p class="hint">{t(`lesson.${taught}.how`)}</p>
      <ol class="lesson-rows" aria-live="polite">{lesson.value && heard(lesson.value)}</ol>
      {proposal && (
        <>
          <p>{"claps" in proposal ? t("lesson.proposal", { count: proposal.claps, spread: percent(proposal.spread), chance: percent(proposal.chance) }) : t("lesson.alike", { alike: percent(proposal.alike) })}</p>
          <FormField id="lesson-name" label={t("form.name")} required maxLength={200} dir="auto" value={name.value} onType={(text) => (name.value = text)} />
          <FormField
            id="lesson-bound" label={t(`trigger.${BOUNDS[taught]}`)} hint={t(`lesson.${taught}.hint`)} inputMode="decimal"
            placeholder={decimal("claps" in proposal ? proposal.tolerance : proposal.threshold, 2)} value={typed.value} onType={(text) => (typed.value = text)}
          />
        </>
      )}
      {deed.fault}
      <p class="form-actions">
        {proposal && <button type="submit" class="start" disabled={deed.busy}>{t(`lesson.${taught}.apply`)}</button>}
        <button type="button" class="quiet" onClick={onClose}>{t("form.cancel")}</button>
      </p>
    </form>
  );
}

/** What may be chosen beside the name: how alike a row of claps, or a sound, must be. */
const BOUNDS = { rhythms: "tolerance", sounds: "threshold" } as const;

/** The newest rows of claps, or sounds, as they were heard. */
function heard(lesson: RhythmLesson | SoundLesson) {
  if ("examples" in lesson) return lesson.examples.map((one, at) => <li key={one.at}><Outcome shape="check" words={t("lesson.example", { count: at + 1 })} /><SoundNames labels={one.labels} /></li>);
  return lesson.rows.slice(-SHOWN).map((row) => (
    <li key={row.at}><Rhythm intervals={row.intervals} /><Outcome shape={row.outcome === "accepted" ? "check" : "ring"} words={t(`lesson.${row.outcome}`, { count: row.claps })} /></li>
  ));
}

const WIDE = 100; // of the drawing, in its own units

/** A rhythm as dots on a line, as far apart as its claps. */
export function Rhythm({ intervals }: { intervals: number[] }) {
  const whole = intervals.reduce((sum, one) => sum + one, 0) || 1;
  let at = 0;
  const places = [0, ...intervals.map((one) => (at += one))].map((one) => 6 + (one / whole) * (WIDE - 12));
  return (
    <svg class="rhythm" viewBox={`0 0 ${WIDE} 12`} aria-hidden="true">
      <path d={`M6 6H${WIDE - 6}`} />
      {places.map((x, index) => <circle key={index} cx={x} cy="6" r="4.5" />)}
    </svg>
  );
}
