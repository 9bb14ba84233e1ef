// What the service says and understands: REST and Socket.IO, exactly as src/claptrap/web writes them.

export type Language = "fr" | "en";

/** A sentence that the service already put into words. */
export interface Worded {
  code: string;
  message_fr: string;
  message_en: string;
}

export interface WebhookSettings {
  id: string;
  enabled: boolean;
  url: string;
  timeout_s: number;
  max_attempts: number;
  max_age_s: number;
  /** Only detections of so many claps; empty for all. */
  claps: number[];
  /** Values are masked: they can be given, not read. */
  headers: Record<string, string>;
  signing_secret: string;
  verify_tls: boolean;
  ca_file: string;
  method?: "POST" | "PUT" | "GET";
  content_type?: string;
  /** Makes the body (docs/webhooks.md); empty for the documented JSON. */
  template?: string;
}

/** What a webhook would send (`api/webhooks/preview`): for the last detection, which is `real`, and an example of every kind. */
export interface WebhookPreview {
  method: string;
  content_type: string;
  samples: WebhookSample[];
}

/** One body; its code says why there is none. */
export interface WebhookSample extends Worded {
  event: "clap" | "applause" | "test";
  real: boolean;
  body: string;
}

/** A service that shows notifications. */
export interface NotifySettings {
  id: string;
  name: string;
  enabled: boolean;
  /** Masked: it can be given, not read. */
  url: string;
  /** Ids of the sources it is told of; empty for all. */
  sources: string[];
  claps: number[];
}

/** Whether notifications can be sent; if not, its message says what to install. */
export interface Notifier extends Worded {
  installed: boolean;
}

/** Whether this page may ask for more, and what about the password. */
export interface AccessState {
  state: "open" | "in" | "login" | "setup";
  has_password: boolean;
  can_change: boolean;
}

export interface ApiToken {
  id: string;
  name: string;
  created: number;
}

export type Kind = "microphone" | "rtsp" | "vban" | "file" | "browser";
export type Hears = "claps" | "applause" | "both";
export type Input = Record<string, unknown>;

/** A row of claps that a source reacts to. */
export interface Pattern {
  claps: number;
  at_least: boolean;
  min_gap_s: number;
  max_gap_s: number;
}

export interface SourceSettings {
  id: string;
  kind: Kind;
  name: string;
  enabled: boolean;
  threshold: number;
  delay_s: number;
  patterns: Pattern[];
  hears: Hears;
  /** Whether the sound around detections is kept; off unless somebody switches it on. */
  clips: boolean;
  input: Input;
  webhooks: WebhookSettings[];
}

/** The broker that is told of everything. */
export interface MqttSettings {
  enabled: boolean;
  host: string;
  port: number;
  version: "3.1.1" | "5";
  tls: boolean;
  verify_tls: boolean;
  ca_file: string;
  username: string;
  /** Masked: it can be given, not read. */
  password: string;
  topic: string;
  discovery: string;
}

export interface Settings {
  version: number;
  language: Language;
  /** Whether somebody has been through the first minute, or left it out. */
  welcomed: boolean;
  sources: SourceSettings[];
  history: { keep_days: number };
  clips: { keep_days: number; keep_mb: number };
  mqtt: MqttSettings;
  notify: NotifySettings[];
  /** Which state they are in; changes with anything in them. */
  revision: string;
  /** Of two, the newer have the higher one, until the service starts anew. */
  serial: number;
}

/** A document of before; `code` says why it cannot be used. */
export interface Backup extends Worded {
  name: string;
  /** UTC Unix seconds. */
  at: number;
  /** Before what it was kept, or because a person asked. */
  why: "change" | "restore" | "import" | "undo" | "asked";
  size: number;
  valid: boolean;
}

/** One difference of two documents; secrets are masked in its values. */
export interface Change {
  path: string;
  kind: "added" | "changed" | "removed" | "reordered";
  old: unknown;
  new: unknown;
}

/** One change that came in force, and can be undone. */
export interface Step {
  id: string;
  /** UTC Unix seconds. */
  at: number;
  why: "change" | "restore" | "import" | "undo";
  /** Of the settings that it led to. */
  revision: string;
  changes: Change[];
}

export type ImportMode = "replace" | "merge";

/** What of a document is not taken, or not as it is, and why. */
export interface ImportNote extends Worded {
  path: string;
  kind: "left_out" | "adapted" | "refused";
}

export interface ImportPreview {
  format: "claptrap" | "original" | "fork";
  mode: ImportMode;
  /** False where `faults` forbid it. */
  applicable: boolean;
  changes: Change[];
  notes: ImportNote[];
  faults: (Worded & { path: string })[];
}

/** A `CLAPTRAP_…` variable that is set; `near` is what was perhaps meant where it is unknown. */
export interface Override {
  variable: string;
  option: string;
  value: string;
  near: string;
}

export type State = "idle" | "connecting" | "live" | "retrying" | "ended" | "failed";

export interface SourceStatus extends Worded {
  source_id: string;
  state: State;
  attempt: number;
  next_in_s: number;
  last_heard: number | null;
  rate_hz: number;
  channels: number;
  dropped_hops: number;
  missing_hops: number;
}

/** What a source did since the service began; `retries`: how often it failed and was tried again. */
export interface SourceCounts {
  claps: number;
  detections: number;
  retries: number;
}

/** One source as REST gives it. */
export interface SourceState extends SourceSettings {
  counts: SourceCounts;
}

/** A sound that YAMNet names; `label` is its own name for it and never changes. */
export interface SoundLabel {
  label: string;
  label_fr: string;
  score: number;
}

/** What a person says of a detection. */
export type Mark = "clap" | "not_clap";

/** A remembered detection, as `snapshot()` and the history give it. */
export interface EventRecord {
  id: string;
  source_id: string;
  source_name: string;
  kind: Kind;
  epoch: string;
  sequence: number;
  timestamp: number;
  score: number;
  claps: number;
  onset_s: number;
  decided_s: number;
  labels: SoundLabel[];
  applause: boolean;
  latency_s: number;
  mark: Mark | null;
  /** Whether the sound around it was kept and can be heard. */
  clip: boolean;
}

/** The sound around a detection can be heard from now on: the Socket.IO event `clip`. */
export interface ClipNews {
  event_id: string;
}

/** How much sound is kept, and how much may be. */
export interface ClipTotal {
  clips: number;
  size_bytes: number;
  keep_days: number;
  keep_mb: number;
}

/** Which detections: all that fit every value given; times in UTC Unix seconds. */
export interface HistoryFilter {
  since?: number;
  before?: number;
  source?: string;
  least_score?: number;
  most_score?: number;
  mark?: Mark | "none";
  kind?: Kind;
  claps?: number;
  applause?: boolean;
  label?: string;
  epoch?: string;
  least_latency_s?: number;
  most_latency_s?: number;
}

/** Newest first; `cursor` asks for those that follow. */
export interface HistoryPage {
  events: EventRecord[];
  cursor: string | null;
}

/** How many there were in an hour or a day that begins at `start`, and how many of each source. */
export interface HistoryCount {
  start: number;
  count: number;
  sources: Record<string, number>;
}

/** A detection just made: the Socket.IO event `clap`. */
export interface ClapNews {
  event_id: string;
  source_id: string;
  source_name: string;
  timestamp: number;
  score: number;
  claps: number;
  latency_s: number;
  labels?: SoundLabel[];
  applause?: boolean;
}

export interface Attempt extends Worded {
  event_id: string;
  target_id: string;
  source_id: string;
  url: string;
  number: number;
  at: number;
  took_s: number;
  status: number;
  ok: boolean;
  retry_in_s: number | null;
  /** The delivery that was attempted. */
  delivery_id: string;
  /** How the answer began, its secrets masked. */
  excerpt: string;
  /** The steps taken, in order, and seconds for each: `name`, `connection`, `tls`, `answer`; it failed in the last. */
  steps?: Record<string, number>;
}

export type DeliveryState = "waiting" | "taken" | "given_up";

/** One body for one receiver, and every attempt at it; its message says why it was given up. */
export interface DeliveryRecord extends Worded {
  id: string;
  event_id: string;
  target_id: string;
  source_id: string;
  since: number;
  state: DeliveryState;
  attempts: Attempt[];
}

/** Those last asked for first; `cursor` asks for those that follow. */
export interface DeliveryPage {
  deliveries: DeliveryRecord[];
  cursor: string | null;
}

/** How a receiver stands (`api/receivers`); `code` is why it last failed. `open`: out of order, only probed now and then. */
export interface Receiver extends Worded {
  id: string;
  source_id: string;
  url: string;
  state: "well" | "failing" | "open";
  failures: number;
  since: number | null;
  waiting: number;
}

/** How the download of a model file goes; `code` says why it failed. */
export interface ModelProgress extends Worded {
  name: string;
  done_bytes: number;
  size_bytes: number;
  retry_in_s: number | null;
  in_use: boolean;
}

/** A stream that MediaMTX of the service's machine serves, and the source that hears it. */
export interface StreamPath {
  name: string;
  url: string;
  ready: boolean;
  tracks: string[];
  source_id: string | null;
}

/** `code` says why there are none. */
export interface StreamPaths extends Worded {
  paths: StreamPath[];
}

/** One built-in test of `serve --dev`; its message says why it failed. */
export interface SelfTest extends Worded {
  id: string;
  stage: "waiting" | "running" | "passed" | "failed" | "skipped";
  took_s: number;
  title_fr: string;
  title_en: string;
  area_fr: string;
  area_en: string;
}

export interface SelfTestRun {
  running: boolean;
  tests: SelfTest[];
}

export interface Snapshot {
  version: string;
  /** How this ClapTrap is called in a terminal of its machine. */
  program: string;
  dev: boolean;
  running: boolean;
  language: Language;
  labels: boolean;
  model: ModelProgress | null;
  problems: Trouble[];
  settings: Settings;
  mqtt: "off" | "waiting" | "connected";
  environment: Override[];
  statuses: Record<string, SourceStatus>;
  events: EventRecord[];
  attempts: Attempt[];
}

export interface LevelNews {
  source_id: string;
  peak_dbfs: number;
  rms_dbfs: number;
}

/** What was thought of one candidate; its code and sentence say why, and what came of it. */
export interface VerdictNews extends Worded {
  source_id: string;
  timestamp: number;
  score: number;
  threshold: number;
  accepted: boolean;
  labels: SoundLabel[];
}

/** What the newest sound of a source looks like, for who looks (watching.ts). */
export interface PictureNews {
  source_id: string;
  /** UTC Unix seconds at which the first column begins. */
  timestamp: number;
  /** In base 64: a column every 20 ms, each the peak and 40 bands from low to high; 0 is −100 dB or less, 255 is 0 dB. */
  columns: string;
}

export interface LabelsNews {
  source_id: string;
  timestamp: number;
  detected: SoundLabel[];
}

/** Where a phone finds the page /micro: `address` is empty where no other machine reaches the service. */
export interface Invitation {
  address: string;
  secure: boolean;
}

export interface Device {
  id: string;
  label: string;
  name: string;
  host_api: string;
  default: boolean;
}

/** What somebody should know or mend; `params` are the values in its sentence. */
export interface Trouble extends Worded {
  params: Record<string, string | number>;
}

/** How loud it is at a microphone, over a moment. */
export interface Measured {
  rate_hz: number;
  channels: number;
  peak_dbfs: number;
}

/** What a camera gives; `code` says that it is silent. */
export interface Probed extends Worded {
  codec: string;
  rate_hz: number;
  channels: number;
  level_dbfs: number;
  tracks: { number: number; codec: string; rate_hz: number; channels: number }[];
}

/** A VBAN stream that arrives; `code` says why it cannot be heard. */
export interface SeenStream extends Worded {
  host: string;
  stream: string;
  port: number;
  rate_hz: number;
  channels: number;
  encoding: string;
  packets: number;
  last_seen: number;
  wanted: boolean;
}

export interface Fault {
  path: string;
  code: string;
  /** What is there, as JSON; empty where it may be a secret. */
  value: string;
  message: string;
}

/** An answer of type application/problem+json. */
export interface Problem {
  code: string;
  message: string;
  status: number;
  faults?: Fault[];
}
