import { ask } from "../../api.ts";
import { Outcome } from "../../components/Outcome.tsx";
import { clock, iso } from "../../i18n/format.ts";
import { said, t } from "../../i18n/index.ts";
import type { Calibration } from "../../wire.ts";

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
  const shown = sounds.slice(0, SHOWN);
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
        {shown.map((sound) => (
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
