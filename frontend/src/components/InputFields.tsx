import { t } from "../i18n/index.ts";
import type { Input, Kind } from "../types.ts";
import { DeviceSelect } from "./DeviceSelect.tsx";
import { FormFields } from "./FormFields.tsx";
import { ProbeButton } from "./ProbeButton.tsx";

const OF = "sources.*.input";
/** What must be known to hear a source of each kind, beside its name; a browser has nothing to choose. */
const NAMES: Record<Kind, string[]> = {
  microphone: ["channel"],
  rtsp: ["url", "username", "password", "transport", "track", "channel"],
  vban: ["host", "stream", "port", "channel"],
  wyoming: ["uri", "channel"],
  file: ["path", "loop", "channel"],
  browser: [],
  satellite: [],
};
const TRIMMED = ["url", "host", "uri"];
const DEFAULTS = { channel: "auto", transport: "tcp", track: 1, port: 6980, loop: false, verify_tls: true };

interface Props {
  kind: Kind;
  /** Begins the ids of the fields. */
  scope: string;
  /** The source that is edited, whose secrets stand behind the masks; empty for a new one. */
  sourceId: string;
  input: Input;
  /** Why a field was refused, by its name. */
  faults: Record<string, string>;
  set: (name: string, value: unknown) => void;
}

/** Where the sound of a source comes from. */
export function InputFields({ kind, sourceId, ...form }: Props) {
  const { scope, input, set } = form;
  const isSecure = kind === "rtsp" && String(input["url"] ?? "").trim().toLowerCase().startsWith("rtsps:");
  return (
    <>
      {kind === "satellite" && <p class="hint">{t("satellite.by_itself")} <span dir="ltr">{String(input["address"])}</span></p>}
      {kind === "microphone" && (
        <div class="field">
          <label for={`${scope}.device`}>{t("field.device")}</label>
          <DeviceSelect id={`${scope}.device`} chosen={String(input["device"] ?? "")} onChoose={(device) => set("device", device)} />
        </div>
      )}
      <FormFields of={OF} names={isSecure ? [...NAMES[kind], "verify_tls"] : NAMES[kind]} values={input} defaults={DEFAULTS} {...form} set={(name, value) => set(name, TRIMMED.includes(name) ? String(value).trim() : value)} />
      {kind === "rtsp" && <ProbeButton input={input} sourceId={sourceId} />}
    </>
  );
}
