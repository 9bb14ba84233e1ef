import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask } from "../api.ts";
import { decimal } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";
import { link } from "../store.ts";
import type { Microphone } from "../wire.ts";
import { inWords } from "../words.ts";
import { loudness } from "./LevelMeter.tsx";

const PAUSE_MS = 100;
const UNSEEN_PAUSE_MS = 1000;

interface Props {
  devices: Microphone[];
  chosen: Microphone | undefined;
  onChoose: (device: string) => void;
}

/** How loud it is at each microphone just now, so that one finds the right one by speaking; opened only when it is asked for. */
export function DeviceLevels(props: Props) {
  const open = useSignal(false);
  return (
    <details class="more-options" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>{t("devices.levels")}</summary>
      {open.value && <Levels {...props} />}
    </details>
  );
}

/** What was heard at a microphone last, or why nothing. */
interface Heard {
  level?: number;
  why?: string;
}

const pause = (ms: number) => new Promise((rested) => setTimeout(rested, ms));

function Levels({ devices, chosen, onChoose }: Props) {
  const heard = useSignal<Record<string, Heard>>({});
  const ids = devices.map(({ id }) => id);
  useEffect(() => {
    let gone = false;
    const listenInTurn = async () => {
      for (let at = 0; !gone; at = (at + 1) % ids.length) {
        while (!gone && (document.hidden || link.value !== "connected")) await pause(UNSEEN_PAUSE_MS); // none is opened for nobody
        if (gone) return;
        const id = ids[at]!;
        const found = await ask("POST /api/probe/microphone", { body: { device: id } }).then(({ peak_dbfs: level }): Heard => ({ level }), (error: unknown): Heard => ({ why: inWords(error) }));
        heard.value = { ...heard.value, [id]: found };
        await pause(PAUSE_MS);
      }
    };
    if (ids.length > 0) void listenInTurn();
    return () => { gone = true; };
  }, [ids.join("\n")]);
  return (
    <>
      <p class="hint">{t("devices.levels_hint")}</p>
      <ul class="device-levels">
        {devices.map((device) => (
          <Row key={device.id} device={device} heard={heard.value[device.id]} isChosen={device === chosen} onChoose={() => onChoose(device.id)} />
        ))}
      </ul>
    </>
  );
}

function Row({ device, heard, isChosen, onChoose }: { device: Microphone; heard: Heard | undefined; isChosen: boolean; onChoose: () => void }) {
  const level = heard?.level;
  return (
    <li>
      <span class="device-name" dir="auto">{device.id}</span>
      {level !== undefined && <span class="numbers muted">{t("level.value", { level: decimal(level, 0) })}</span>}
      {level === undefined && !heard?.why && <span class="muted">{t("devices.listening")}</span>}
      <i class="bar" aria-hidden="true"><i style={{ transform: `scaleX(${loudness(level ?? -Infinity).toFixed(2)})` }} /></i>
      {heard?.why && <span class="save-state save-refused" dir="auto">{heard.why}</span>}
      <button type="button" class="quiet small" aria-pressed={isChosen} aria-label={t("devices.take_named", { name: device.id })} onClick={onChoose}>
        {t(isChosen ? "devices.taken" : "devices.take")}
      </button>
    </li>
  );
}
