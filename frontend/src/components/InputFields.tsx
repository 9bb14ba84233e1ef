import { t } from "../i18n/index.ts";
import type { Input, Kind } from "../types.ts";
import { DeviceSelect } from "./DeviceSelect.tsx";
import { ProbeButton } from "./ProbeButton.tsx";
import { FormField } from "./FormField.tsx";
import { Switch } from "./Switch.tsx";

export interface InputProps {
  /** Begins the ids of the fields. */
  scope: string;
  /** The source that is edited, whose secrets stand behind the masks; empty for a new one. */
  sourceId: string;
  input: Input;
  /** Why a field was refused, by its name. */
  faults: Record<string, string>;
  set: (name: string, value: unknown) => void;
}

/** What must be known to hear a source of one kind. */
export function InputFields({ kind, ...props }: InputProps & { kind: Kind }) {
  switch (kind) {
    case "microphone": return <MicrophoneFields {...props} />;
    case "rtsp": return <RtspFields {...props} />;
    case "vban": return <VbanFields {...props} />;
    case "file": return <FileFields {...props} />;
    case "wyoming": return <WyomingFields {...props} />;
    case "satellite": return <p class="hint">{t("satellite.by_itself")} <span dir="ltr">{text(props.input["address"])}</span></p>;
    default: return null; // a browser has nothing to choose
  }
}

const text = (value: unknown) => (value === undefined || value === null ? "" : String(value));
const number = (typed: string) => (typed.trim() === "" || Number.isNaN(Number(typed)) ? typed : Number(typed));

function MicrophoneFields({ scope, input, set }: InputProps) {
  const id = `${scope}.device`;
  return (
    <>
      <div class="field">
        <label for={id}>{t("field.device")}</label>
        <DeviceSelect id={id} chosen={text(input["device"])} onChoose={(device) => set("device", device)} />
      </div>
      <ChannelSelect id={`${scope}.channel`} chosen={text(input["channel"] ?? "auto")} onChoose={(channel) => set("channel", channel)} />
    </>
  );
}

function RtspFields({ scope, sourceId, input, faults, set }: InputProps) {
  const secure = text(input["url"]).trim().toLowerCase().startsWith("rtsps:");
  return (
    <>
      <FormField
        id={`${scope}.url`} label={t("rtsp.url")} hint={t("rtsp.url_hint")} fault={faults["url"]} inputMode="url" dir="ltr"
        autocomplete="off" spellcheck={false} required placeholder="rtsp://192.168.1.20:554/stream1" value={text(input["url"])}
        onType={(url) => set("url", url.trim())}
      />
      <FormField
        id={`${scope}.username`} label={t("rtsp.username")} fault={faults["username"]} half autocomplete="off" spellcheck={false} dir="ltr"
        value={text(input["username"])} onType={(username) => set("username", username)}
      />
      <FormField
        id={`${scope}.password`} label={t("rtsp.password")} fault={faults["password"]} half type="password" autocomplete="new-password" dir="ltr"
        value={text(input["password"])} onType={(password) => set("password", password)}
      />
      <div class="field half">
        <label for={`${scope}.transport`}>{t("rtsp.transport")}</label>
        <select id={`${scope}.transport`} onChange={(event) => set("transport", event.currentTarget.value)}>
          <option value="tcp" selected={input["transport"] !== "udp"}>{t("rtsp.tcp")}</option>
          <option value="udp" selected={input["transport"] === "udp"}>{t("rtsp.udp")}</option>
        </select>
      </div>
      <FormField
        id={`${scope}.track`} label={t("rtsp.track")} fault={faults["track"]} half type="number" min="1" max="100" step="1" value={text(input["track"] ?? 1)}
        onType={(typed) => set("track", number(typed))}
      />
      <ChannelSelect id={`${scope}.channel`} chosen={text(input["channel"] ?? "auto")} onChoose={(channel) => set("channel", channel)} />
      {secure && (
        <div class="field">
          <Switch id={`${scope}.verify_tls`} checked={input["verify_tls"] !== false} label={t("rtsp.verify_tls")} onChange={(on) => set("verify_tls", on)} />
        </div>
      )}
      <ProbeButton input={input} sourceId={sourceId} />
    </>
  );
}

/** Which channel of a source is heard. */
function ChannelSelect({ id, chosen, onChoose }: { id: string; chosen: string; onChoose: (channel: string) => void }) {
  return (
    <div class="field half">
      <label for={id}>{t("channel.label")}</label>
      <select id={id} onChange={(event) => onChoose(event.currentTarget.value)}>
        {CHANNELS.map((channel) => <option key={channel} value={channel} selected={channel === chosen}>{channelName(channel)}</option>)}
      </select>
    </div>
  );
}

/** What people call a channel: a word, or its number. */
export const channelName = (channel: string) => ({ auto: t("channel.auto"), mean: t("channel.mean"), loudest: t("channel.loudest") })[channel] ?? channel;

const CHANNELS = ["auto", "mean", "loudest", ...Array.from({ length: 64 }, (_, index) => String(index + 1))];

function VbanFields({ scope, input, faults, set }: InputProps) {
  return (
    <>
      <FormField
        id={`${scope}.host`} label={t("vban.host")} hint={t("vban.host_hint")} fault={faults["host"]} half required inputMode="decimal" dir="ltr"
        autocomplete="off" placeholder="192.168.1.20" value={text(input["host"])} onType={(host) => set("host", host.trim())}
      />
      <FormField
        id={`${scope}.stream`} label={t("vban.stream")} hint={t("vban.stream_hint")} fault={faults["stream"]} half dir="ltr"
        autocomplete="off" spellcheck={false} placeholder="Stream1" value={text(input["stream"])} onType={(stream) => set("stream", stream)}
      />
      <FormField
        id={`${scope}.port`} label={t("vban.port")} fault={faults["port"]} half type="number" min="1" max="65535" step="1"
        value={text(input["port"] ?? 6980)} onType={(port) => set("port", number(port))}
      />
      <ChannelSelect id={`${scope}.channel`} chosen={text(input["channel"] ?? "auto")} onChoose={(channel) => set("channel", channel)} />
    </>
  );
}

function WyomingFields({ scope, input, faults, set }: InputProps) {
  return (
    <>
      <FormField
        id={`${scope}.uri`} label={t("wyoming.uri")} hint={t("wyoming.uri_hint")} fault={faults["uri"]} required dir="ltr" autocomplete="off" spellcheck={false}
        placeholder="tcp://192.168.1.30:10700" value={text(input["uri"])} onType={(uri) => set("uri", uri.trim())}
      />
      <ChannelSelect id={`${scope}.channel`} chosen={text(input["channel"] ?? "auto")} onChoose={(channel) => set("channel", channel)} />
    </>
  );
}

function FileFields({ scope, input, faults, set }: InputProps) {
  return (
    <>
      <FormField
        id={`${scope}.path`} label={t("file.path")} hint={t("file.path_hint")} fault={faults["path"]} required dir="ltr" autocomplete="off" spellcheck={false}
        placeholder="/home/…/claps.wav" value={text(input["path"])} onType={(path) => set("path", path)}
      />
      <div class="field">
        <Switch id={`${scope}.loop`} checked={input["loop"] === true} label={t("file.loop")} onChange={(loop) => set("loop", loop)} />
      </div>
      <ChannelSelect id={`${scope}.channel`} chosen={text(input["channel"] ?? "auto")} onChoose={(channel) => set("channel", channel)} />
    </>
  );
}
