import { percent } from "../i18n/format.ts";
import { soundName, t } from "../i18n/index.ts";
import type { Label } from "../wire.ts";

const CLAPPING = ["Clapping", "Hands"];
const MOST = 4;

/** What YAMNet calls a sound: its names are guesses, so they are shown to who asks; the clap first where it is among them. */
export function SoundNames({ labels }: { labels: Label[] }) {
  if (labels.length === 0) return null;
  const isClap = ({ label }: Label) => Number(CLAPPING.includes(label));
  const sorted = [...labels].sort((a, b) => isClap(b) - isClap(a)).slice(0, MOST);
  return (
    <details class="sound-names">
      <summary>{isClap(sorted[0]!) ? soundName(sorted[0]!) : t("sounds.names")}</summary>
      {sorted.map((sound) => `${soundName(sound)} ${percent(sound.score)}`).join(", ")}
    </details>
  );
}
