import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { ask, inWords } from "../../api.ts";
import { LevelMeter } from "../../components/LevelMeter.tsx";
import { Outcome } from "../../components/Shape.tsx";
import { isHeard } from "../../components/Sound.tsx";
import { channelName } from "../../components/kinds.ts";
import { clock, iso, score } from "../../i18n/format.ts";
import { type Key, said, t } from "../../i18n/index.ts";
import { useSteady } from "../../press.ts";
import { go, linkTo } from "../../route.ts";
import { opened, sources } from "../../store.ts";
import type { Calibration } from "../../wire.ts";
import { View } from "../View.tsx";

const STEPS = ["claps", "noises", "proposal"] as const;
const LOOK_MS = 500;
const FEWEST = 3; // claps that a proposal needs
const NOTHING_YET: Calibration = { source_id: "", phase: "claps", started: 0, wanted: 5, sounds: [], proposal: null }; // until the service answers: it has the same room

type Step = (typeof STEPS)[number] | "applied";

/** A minute in which a source learns its place: five claps, the noises of the room, and what that would change. */
export function CalibrateView({ id }: { id: string }) {
  const step = useSignal<Step>("claps");
  const session = useSignal<Calibration | null>(null);
  const failure = useSignal("");
  const heading = useRef<HTMLHeadingElement>(null);
  const source = sources.value.find((one) => one.id === id);
  const open = opened.value && source !== undefined;
  const show = (answer: Calibration) => {
    session.value = answer;
    failure.value = "";
  };
  const fail = (error: unknown) => void (failure.value = inWords(error));
  const listen = (phase: "claps" | "noises") => void ask("POST /api/sources/{source_id}/calibration", { path: { source_id: id }, body: { phase } }).then(show, fail);
  const enter = (next: Step) => {
    step.value = next;
    if (next === "claps" || next === "noises") listen(next);
  };
  useEffect(() => {
    if (!open) return;
    let isOver = false;
    const goesOn = () => !isOver && step.value !== "applied";
    const look = async () => {
      while (goesOn()) {
        await new Promise((soon) => setTimeout(soon, LOOK_MS));
        if (goesOn() && !document.hidden) await ask("GET /api/sources/{source_id}/calibration", { path: { source_id: id } }).then((answer) => goesOn() && show(answer), (error: unknown) => goesOn() && fail(error));
      }
    };
    void ask("POST /api/sources/{source_id}/calibration", { path: { source_id: id }, body: { phase: "claps" } }).then(show, fail).then(look);
    return () => {
      isOver = true;
      if (step.value !== "applied") void ask("DELETE /api/sources/{source_id}/calibration", { path: { source_id: id } }).catch(() => undefined); // it ends by itself after ten minutes
    };
  }, [id, open]);
  useLayoutEffect(() => heading.current?.focus(), [step.value]);
  if (!opened.value) return null;
  if (!source) return <View title={t("view.source_gone")}><p><a href={linkTo.house}>{t("view.back")}</a></p></View>;

  const now = session.value;
  const accepted = now?.sounds.filter(({ phase, outcome }) => phase === "claps" && outcome === "accepted").length ?? 0;
  const apply = () => void ask("POST /api/sources/{source_id}/calibration/apply", { path: { source_id: id } }).then(() => (step.value = "applied"), fail);
  const live = isHeard(id);
  return (
    <View title={t("calibrate.title", { source: source.name })}>
      <div class="start-view">
        <ol class="steps" aria-label={t("start.steps")}>
          {STEPS.map((one, index) => (
            <li key={one} aria-current={one === step.value ? "step" : undefined} class={index < stepNumber(step.value) ? "step-done" : ""}>{t(`calibrate.${one}` satisfies Key)}</li>
          ))}
        </ol>
        <section class="panel step" aria-labelledby="step-title">
          <h2 id="step-title" tabIndex={-1} ref={heading}>{t(`calibrate.${step.value}_title` satisfies Key)}</h2>
          {(step.value === "claps" || step.value === "noises") && (
            <>
              <p class="muted">{t(`calibrate.${step.value}_how` satisfies Key)}</p>
              <LevelMeter sourceId={id} live={live} />
              {!live && <Outcome shape="triangle" words={t("calibrate.no_sound")} />}
              <Sounds session={now ?? { ...NOTHING_YET, source_id: id }} phase={step.value} onChange={show} onFail={fail} />
            </>
          )}
          {step.value === "proposal" && <Proposal session={now} />}
          {step.value === "applied" && <p>{t("calibrate.applied_detail")}</p>}
          {failure.value && <p class="save-state save-refused" role="alert">{failure.value}</p>}
          <p class="step-actions">
            {step.value === "claps" && <Next ready={accepted >= FEWEST} onClick={() => enter("noises")} />}
            {step.value === "noises" && <><Back onClick={() => enter("claps")} /><Next ready onClick={() => enter("proposal")} /></>}
            {step.value === "proposal" && <><Back onClick={() => enter("noises")} /><button type="button" class="start" disabled={!now?.proposal} onClick={apply}>{t("calibrate.apply")}</button></>}
            {step.value === "applied" && (
              <>
                <button type="button" class="quiet" onClick={() => void ask("POST /api/sources/{source_id}/learning/undo", { path: { source_id: id } }).then(() => go(linkTo.source(id)), fail)}>{t("calibrate.undo")}</button>
                <button type="button" class="start" onClick={() => go(linkTo.source(id))}>{t("start.done")}</button>
              </>
            )}
          </p>
        </section>
        {step.value !== "applied" && <p class="start-skip"><button type="button" class="quiet" onClick={() => go(linkTo.source(id))}>{t("calibrate.give_up")}</button></p>}
      </div>
    </View>
  );
}

const stepNumber = (step: Step) => (step === "applied" ? STEPS.length : STEPS.indexOf(step));

const Back = ({ onClick }: { onClick: () => void }) => <button type="button" class="quiet" onClick={onClick}>{t("start.back")}</button>;
const Next = ({ ready, onClick }: { ready: boolean; onClick: () => void }) => <button type="button" class="start" disabled={!ready} onClick={onClick}>{t("start.next")}</button>;

/** What applying would change, in figures of the sounds that were just made. */
function Proposal({ session }: { session: Calibration | null }) {
  if (!session?.proposal) return <p>{t("calibrate.no_proposal")}</p>;
  const { claps, noises, threshold, was_threshold, channel } = session.proposal;
  const line = (what: Key, now: string, was: string | number) => <><dt>{t(what)}</dt><dd><b>{now}</b> <span class="muted">{t("calibrate.was", { was })}</span></dd></>;
  const heard = ({ heard, total }: typeof claps) => t("calibrate.heard_of", { heard, of: total });
  return (
    <dl class="proposal">
      {line("calibrate.proposal_claps", heard(claps), claps.was)}
      {line("calibrate.proposal_noises", heard(noises), noises.was)}
      {line("field.threshold", score(threshold), score(was_threshold))}
      {channel && channel.channel !== channel.was && line("channel.label", channelName(channel.channel), channelName(channel.was))}
    </dl>
  );
}

const SHOWN = 6;

interface Props {
  session: Calibration;
  phase: "claps" | "noises";
  onChange: (session: Calibration) => void;
  onFail: (error: unknown) => void;
}

/** The sounds of one phase, newest first, each with what was made of it; any can be taken out. */
export function Sounds({ session, phase, onChange, onFail }: Props) {
  const sounds = session.sounds.filter((sound) => sound.phase === phase).reverse();
  const steady = useSteady(sounds.slice(0, SHOWN), ({ n }) => n);
  const accepted = sounds.filter(({ outcome }) => outcome === "accepted").length;
  return (
    <>
      {phase === "claps"
        ? (
          <p class="clap-dots" role="img" aria-label={t("calibrate.count", { accepted, wanted: session.wanted })}>
            {Array.from({ length: session.wanted }, (_, index) => (
              <span key={index} class={index < accepted ? "clap-dot clap-dot-full" : "clap-dot"}>{index < accepted ? "👏" : index + 1}</span>
            ))}
          </p>
        )
        : <p class="noise-count" aria-hidden="true">{accepted}</p>}
      <p role="status" class="unseen">{sounds[0] && said(sounds[0])}</p>
      <ul class="learn-examples">
        {steady.map((sound) => (
          <li key={sound.n}>
            <Outcome shape={sound.outcome === "accepted" ? "check" : "triangle"} words={said(sound)} />
            <time class="numbers muted" dateTime={iso(sound.at)}>{clock(sound.at)}</time>
            <button type="button" class="quiet small" onClick={() => void ask("DELETE /api/sources/{source_id}/calibration/sounds/{n}", { path: { source_id: session.source_id, n: String(sound.n) } }).then(onChange, onFail)}>{t("learn.remove")}</button>
          </li>
        ))}
      </ul>
    </>
  );
}
