import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, inWords } from "../api.ts";
import { decimal } from "../i18n/format.ts";
import { t } from "../i18n/index.ts";
import { devicesOf } from "../nodes.ts";
import { edit } from "../saving.ts";
import { drafts, link } from "../store.ts";
import { useAnswer } from "../useAnswer.ts";
import type { Microphone } from "../wire.ts";
import { loudness } from "./LevelMeter.tsx";
import { SaveState } from "./Field.tsx";

interface Props {
  id: string;
  chosen: string;
  onChoose: (device: string) => void;
  describedBy?: string;
  /** Whether another part of the page says already why no microphone is there. */
  explained?: boolean;
  /** The machine of a cluster whose microphones these are; empty for this one. */
  node?: string;
}

/** The system's default microphone, or one of those that are there. */
export function DeviceSelect({ id, chosen, onChoose, describedBy, explained = false, node = "" }: Props) {
  const looks = useSignal(0);
  const { answer, failure } = useAnswer(() => (node ? devicesOf(node).then(({ microphones }) => microphones) : ask("GET /api/devices")), [looks.value]).value;
  const known = answer ?? [];
  const problem = failure || (answer?.length === 0 ? t("field.device_none") : "");
  const absent = chosen !== "" && answer !== null && !known.some((device) => isChosen(device, chosen));
  return (
    <>
      <span class="with-button">
        <select id={id} aria-describedby={describedBy} onChange={(event) => onChoose(event.currentTarget.value)}>
          <option value="" selected={chosen === ""}>{t("field.device_default")}</option>
          {(absent || answer === null) && chosen !== "" && (
            <option value={chosen} selected>{absent ? t("field.device_absent", { device: chosen }) : chosen}</option>
          )}
          {known.map((device) => (
            <option key={device.id} value={device.id} selected={isChosen(device, chosen)} dir="auto">{device.id}</option>
          ))}
        </select>
        <button type="button" class="quiet icon-only" aria-label={t("field.device_refresh")} title={t("field.device_refresh")} onClick={() => (looks.value += 1)}>
          <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M20 12a8 8 0 1 1-2.4-5.7M20 3v4.5h-4.5" /></svg>
        </button>
      </span>
      {known.length > 0 && !node && <DeviceLevels devices={known} chosen={known.find((device) => isChosen(device, chosen))} onChoose={onChoose} />}
      {problem && !explained && <p class="save-state save-refused" role="status" dir="auto">{problem}</p>}
    </>
  );
}

/** A choice is a device's id, or, from older settings, its label or bare name. */
const isChosen = (device: Microphone, chosen: string) => [device.id, device.label, device.name].includes(chosen);

/** Which microphone a source is; saves itself. */
export function DeviceChoice({ path, value, explained = false }: { path: string; value: string; explained?: boolean }) {
  const chosen = String(drafts.value[path]?.value ?? value);
  return (
    <div class="field field-device">
      <label for={path}>{t("field.device")}</label>
      <DeviceSelect id={path} explained={explained} chosen={chosen} describedBy={`${path}-state`} onChoose={(device) => edit(path, device, 0)} />
      <SaveState path={path} id={`${path}-state`} />
    </div>
  );
}

const PAUSE_MS = 100;
const UNSEEN_PAUSE_MS = 1000;

interface DeviceLevelsProps {
  devices: Microphone[];
  chosen: Microphone | undefined;
  onChoose: (device: string) => void;
}

/** How loud it is at each microphone just now, so that one finds the right one by speaking; opened only when it is asked for. */
function DeviceLevels(props: DeviceLevelsProps) {
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

function Levels({ devices, chosen, onChoose }: DeviceLevelsProps) {
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
