import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, beginLesson, readLesson } from "../../api.ts";
import { FormField } from "../../components/FormField.tsx";
import { Outcome } from "../../components/Shape.tsx";
import { useDeed } from "../../deed.tsx";
import { decimal, percent } from "../../i18n/format.ts";
import { type Key, t } from "../../i18n/index.ts";
import type { SourceSettings } from "../../types.ts";
import type { RhythmLesson } from "../../wire.ts";

const LOOK_MS = 500;
const SHOWN = 5;

/** Teaches a rhythm: it is clapped three times, drawn as it was heard, named, and added to the reactions. */
export function Lesson({ source: { id }, onClose }: { source: SourceSettings; onClose: () => void }) {
  const lesson = useSignal<RhythmLesson | null>(null);
  const name = useSignal("");
  const tolerance = useSignal("");
  const deed = useDeed();
  useEffect(() => {
    const look = (ask: typeof readLesson) => void ask(id).then((found) => (lesson.value = found), () => undefined); // asked again soon
    look(beginLesson);
    const timer = setInterval(() => document.hidden || look(readLesson), LOOK_MS);
    return () => {
      clearInterval(timer);
      void ask("DELETE /api/sources/{source_id}/rhythms/lesson", { path: { source_id: id } }).catch(() => undefined); // where it was applied there is none; else it ends by itself
    };
  }, [id]);
  const { rows = [], proposal = null, wanted = 3 } = lesson.value ?? {};
  const apply = (event: Event) => {
    event.preventDefault();
    const chosen = Number(tolerance.value.replace(",", "."));
    void deed.change(() => ask("POST /api/sources/{source_id}/rhythms/lesson/apply", { path: { source_id: id }, body: { name: name.value.trim(), ...(tolerance.value && { tolerance: chosen }) } }), onClose);
  };
  return (
    <form class="lesson" aria-labelledby="lesson-title" onSubmit={apply}>
      <h3 id="lesson-title">{t("lesson.title", { count: wanted })}</h3>
      <p class="hint">{t("lesson.how")}</p>
      <ol class="lesson-rows" aria-live="polite">
        {rows.slice(-SHOWN).map((row) => (
          <li key={row.at}><Rhythm intervals={row.intervals} /><Outcome shape={row.outcome === "accepted" ? "check" : "ring"} words={t(`lesson.${row.outcome}` satisfies Key, { count: row.claps })} /></li>
        ))}
      </ol>
      {proposal && (
        <>
          <p>{t("lesson.proposal", { count: proposal.claps, spread: percent(proposal.spread), chance: percent(proposal.chance) })}</p>
          <FormField id="lesson-name" label={t("form.name")} required maxLength={200} dir="auto" value={name.value} onType={(typed) => (name.value = typed)} />
          <FormField
            id="lesson-tolerance" label={t("trigger.tolerance")} hint={t("trigger.tolerance_hint")} inputMode="decimal" placeholder={decimal(proposal.tolerance, 2)}
            value={tolerance.value} onType={(typed) => (tolerance.value = typed)}
          />
        </>
      )}
      {deed.fault}
      <p class="form-actions">
        {proposal && <button type="submit" class="start" disabled={deed.busy}>{t("lesson.apply")}</button>}
        <button type="button" class="quiet" onClick={onClose}>{t("form.cancel")}</button>
      </p>
    </form>
  );
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
