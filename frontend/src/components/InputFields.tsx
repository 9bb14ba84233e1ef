import { useSignal } from "@preact/signals";
import { ask } from "../api.ts";
import { useDeed } from "../deed.tsx";
import { decimal } from "../i18n/format.ts";
import { said, t } from "../i18n/index.ts";
import type { Input, Kind } from "../types.ts";
import type { Probed } from "../wire.ts";
import { DeviceSelect } from "./DeviceSelect.tsx";
import { FormFields } from "./FormField.tsx";
import { Outcome } from "./Shape.tsx";
import { soundFormat } from "./kinds.ts";

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
  /** The machine of a cluster that is to hear it; empty for this one. */
  node: string;
  /** Why a field was refused, by its name. */
  faults: Record<string, string>;
  set: (name: string, value: unknown) => void;
}

/** Where the sound of a source comes from. */
export function InputFields({ kind, sourceId, node, ...form }: Props) {
  const { scope, input, set } = form;
  const isSecure = kind === "rtsp" && String(input["url"] ?? "").trim().toLowerCase().startsWith("rtsps:");
  return (
    <>
      {kind === "satellite" && <p class="hint">{t("satellite.by_itself")} <span dir="ltr">{String(input["address"])}</span></p>}
      {kind === "microphone" && (
        <div class="field">
          <label for={`${scope}.device`}>{t("field.device")}</label>
          <DeviceSelect id={`${scope}.device`} node={node} chosen={String(input["device"] ?? "")} onChoose={(device) => set("device", device)} />
        </div>
      )}
      <FormFields of={OF} names={isSecure ? [...NAMES[kind], "verify_tls"] : NAMES[kind]} values={input} defaults={DEFAULTS} {...form} set={(name, value) => set(name, TRIMMED.includes(name) ? String(value).trim() : value)} />
      {kind === "rtsp" && <ProbeButton key={JSON.stringify(input)} input={input} sourceId={sourceId} />}
    </>
  );
}

/** Asks a camera what it gives, before anything is saved, and says it, or why it cannot be heard. */
function ProbeButton({ input, sourceId }: { input: Input; sourceId: string }) {
  const found = useSignal<Probed | null>(null);
  const { act, busy, fault } = useDeed();
  const probe = () => act(() => ask("POST /api/probe/rtsp", { body: { input, source_id: sourceId } }), (answer) => (found.value = answer));
  return (
    <div class="field probe">
      <button type="button" class="quiet" disabled={busy || !input["url"]} onClick={probe}>{t("probe.button")}</button>
      <p class="hint">{t("probe.hint")}</p>
      <div role="status" class="test-outcome">
        {busy && t("probe.asking")}
        {fault}
        {!busy && !fault && found.value && <Found probed={found.value} />}
      </div>
    </div>
  );
}

function Found({ probed }: { probed: Probed }) {
  const { rate_hz, channels, codec, level_dbfs, tracks } = probed;
  const sound = t("probe.found", { codec, format: soundFormat(rate_hz, channels), level: decimal(level_dbfs, 0) });
  return (
    <>
      {probed.code ? <Outcome shape="triangle" words={said(probed)} /> : <Outcome shape="check" words={sound} />}
      {tracks.length > 1 && (
        <p>{t("probe.tracks", { tracks: tracks.map((track) => `${track.number}: ${track.codec}`).join(", ") })}</p>
      )}
    </>
  );
}
