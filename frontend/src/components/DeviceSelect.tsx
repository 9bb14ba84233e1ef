import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask } from "../api.ts";
import { t } from "../i18n/index.ts";
import { link } from "../store.ts";
import type { Microphone } from "../wire.ts";
import { inWords } from "../words.ts";
import { DeviceLevels } from "./DeviceLevels.tsx";

interface Props {
  id: string;
  chosen: string;
  onChoose: (device: string) => void;
  describedBy?: string;
  /** Whether another part of the page says already why no microphone is there. */
  explained?: boolean;
}

/** The system's default microphone, or one of those that are there. */
export function DeviceSelect({ id, chosen, onChoose, describedBy, explained = false }: Props) {
  const devices = useSignal<Microphone[] | null>(null);
  const problem = useSignal("");
  const refresh = async () => {
    await ask("GET /api/devices").then(
      (found) => {
        devices.value = found;
        problem.value = found.length ? "" : t("field.device_none");
      },
      (error: unknown) => (problem.value = inWords(error)),
    );
  };
  const connected = link.value === "connected";
  useEffect(() => void (connected && refresh()), [connected]);

  const known = devices.value ?? [];
  const absent = chosen !== "" && devices.value !== null && !known.some((device) => isChosen(device, chosen));
  return (
    <>
      <span class="with-button">
        <select id={id} aria-describedby={describedBy} onChange={(event) => onChoose(event.currentTarget.value)}>
          <option value="" selected={chosen === ""}>{t("field.device_default")}</option>
          {(absent || devices.value === null) && chosen !== "" && (
            <option value={chosen} selected>{absent ? t("field.device_absent", { device: chosen }) : chosen}</option>
          )}
          {known.map((device) => (
            <option key={device.id} value={device.id} selected={isChosen(device, chosen)} dir="auto">{device.id}</option>
          ))}
        </select>
        <button type="button" class="quiet icon-only" aria-label={t("field.device_refresh")} title={t("field.device_refresh")} onClick={refresh}>
          <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M20 12a8 8 0 1 1-2.4-5.7M20 3v4.5h-4.5" /></svg>
        </button>
      </span>
      {known.length > 0 && <DeviceLevels devices={known} chosen={known.find((device) => isChosen(device, chosen))} onChoose={onChoose} />}
      {problem.value && !explained && <p class="save-state save-refused" role="status" dir="auto">{problem.value}</p>}
    </>
  );
}

/** A choice is a device's id, or, from older settings, its label or bare name. */
const isChosen = (device: Microphone, chosen: string) => [device.id, device.label, device.name].includes(chosen);
