// All that the page knows, as signals: what the service says (socket.ts, api.ts), which is the truth, and below it what a person
// does with the page. Elsewhere are only signals of one component, and mirrors of the browser beside what writes them back: its
// address (route.ts), language, shade and folded rooms (memory.ts), and whether a hand is near (press.ts).
import { batch, computed, signal } from "@preact/signals";
import { beat } from "./beat.ts";
import { levels, verdicts } from "./feeds.ts";
import { keepLevel, keepRecent, keepVerdict } from "./minute.ts";
import type { Offer } from "./offers.ts";
import type { Draft } from "./saving.ts";
import type { SourceSettings, Worded } from "./types.ts";
import type { Chosen } from "./views/history/filter.ts";
import type { Access, Attempt, Clap, Day, Detection as DetectionRecord, Heard, Label, Level, ModelProgress, Node, Override, PatternPresets, ShownSettings, Snapshot, Sounds, SourceStatus, Trouble, Verdict } from "./wire.ts";

/** How many detections, and attempts, the page knows: as many as the service sends when it opens. */
export const REMEMBERED = 200;
export const SILENCE_DBFS = -120;

/** One detection, whether remembered by the service or just made. */
export interface Detection {
  id: string;
  sourceId: string;
  sourceName: string;
  timestamp: number;
  score: number;
  claps: number;
  applause: boolean;
  /** The name of the sound or rhythm that it was; empty for claps. */
  trigger: string;
  latencyS: number;
  labels: Label[];
  /** The other sources that heard it, by their names. */
  also: string[];
}

/** A status, and when this page learnt of it (UTC Unix seconds): its countdown starts there. */
export type KnownStatus = SourceStatus & { learnt: number };

type Link = "connecting" | "connected" | "lost";

export const link = signal<Link>("connecting");
export const opened = signal(false);
/** How often the connection came back: what was asked without it, or before, is asked again. */
export const returns = signal(0);
export const version = signal("");
/** How the service is called in a terminal of its machine. */
export const program = signal("claptrap");
export const running = signal(false);
/** Whether the service offers its built-in tests (`serve --dev`). */
export const dev = signal(false);
export const labelsOn = signal(false);
/** The download of YAMNet's file, while there is one. */
export const model = signal<ModelProgress | null>(null);
export const problems = signal<Trouble[]>([]);
/** How the link to the MQTT broker is. */
export const mqtt = signal<Snapshot["mqtt"]>("off");
export const environment = signal<Override[]>([]);
export const settings = signal<ShownSettings | null>(null);
/** How sources are. */
export const statuses = signal<Record<string, KnownStatus>>({});
export const detections = signal<Detection[]>([]);
export const attempts = signal<Attempt[]>([]);
/** The last clap heard while this page is open. */
export const newestClap = signal<Detection | null>(null);
/** The last detection of each source, be it a year ago; a source without one has never clapped. */
export const lastOf = signal<Record<string, Detection>>({});
/** The last 24 hours of each source. */
export const days = signal<Record<string, Day>>({});
/** The detection whose sound was kept last, while this page is open. */
export const newestClip = signal("");
/** Which source has learnt something, or listens for its calibration, while this page is open. */
export const learningNews = signal<{ source_id: string } | null>(null);
/** The highest peak of all sources over the last beat, in dBFS. */
export const loudest = signal(SILENCE_DBFS);
/** What could not be done when a button was pressed, in words. */
export const failure = signal("");
/** Whether this page is let in; null while that is not known. */
export const access = signal<Access | null>(null);
export const isIn = computed(() => access.value?.state === "open" || access.value?.state === "in");
export const isShutOut = computed(() => access.value !== null && !isIn.value);
/** How often the service has asked for a login instead of answering. */
export const shutOut = signal(0);
/** The machines that hear for the service; empty where there is no cluster. */
export const nodes = signal<Node[]>([]);
/** Why there is no spectrogram of the source that is looked at; null while there is. */
export const unseen = signal<Worded | null>(null);
/** What can be chosen; null until it was first asked for. */
export const soundCatalogue = signal<Sounds | null>(null);
export const patternPresets = signal<PatternPresets["presets"] | null>(null);

/** What is being set, by the path of the setting (saving.ts). */
export const drafts = signal<Record<string, Draft>>({});
/** The change that can be undone at the top of the page. */
export const offer = signal<Offer | null>(null);
/** Which detections the history shows. */
export const chosen = signal<Chosen>({ source: "", period: "all", day: null, leastScore: 0, mark: "", sound: "" });
/** Counts what was deleted from the history: what shows it asks again. */
export const forgotten = signal(0);
/** Whether the dialog for a new source is open. */
export const isAdding = signal(false);

/** How far the service's clock is ahead of this machine's, in seconds. */
let ahead = 0;
/** UTC Unix seconds of the service. */
export const serviceNow = () => Date.now() / 1000 + ahead;
/** The same, beating once a second: for what counts up or down on the page. */
export const now = signal(serviceNow());
export const heard = signal<Heard | null>(null);

export const sources = computed<SourceSettings[]>(() => settings.value?.sources ?? []);
/** Whether what is shown is what the service knows: connected, and answered. */
export const isCurrent = computed(() => opened.value && link.value === "connected");
export const hearing = computed(() => Object.values(statuses.value).filter((status) => status.state === "live").length);

/** How a source is; undefined without the service: then nobody knows. */
export const statusOf = (id: string): KnownStatus | undefined => (isCurrent.value ? statuses.value[id] : undefined);

/** Whether a person should look at a source: it is wanted, and has failed, however often it is tried again. */
export function isBroken({ id, enabled }: SourceSettings, status = statusOf(id)): boolean {
  return enabled && status !== undefined && (status.state === "failed" || (status.state !== "live" && status.attempt > 0));
}

/** The newest attempt of each event, how its delivery stands; of several receivers the one that has not taken it. */
export const deliveryOf = computed(() => {
  const newest = new Map<string, Attempt>();
  const seen = new Set<string>();
  for (const attempt of attempts.value) {
    const delivery = `${attempt.event_id} ${attempt.target_id}`;
    if (!seen.has(delivery) && newest.get(attempt.event_id)?.ok !== false) newest.set(attempt.event_id, attempt);
    seen.add(delivery);
  }
  return newest;
});

/** Takes the first state after connecting: the service may have restarted since, and count from the beginning. */
export function takeGreeting(snapshot: Snapshot): void {
  batch(() => {
    settings.value = null;
    ahead = snapshot.now - Date.now() / 1000;
    takeSnapshot(snapshot);
    keepRecent(snapshot);
  });
}

export function takeSnapshot(snapshot: Snapshot): void {
  batch(() => {
    version.value = snapshot.version;
    program.value = snapshot.program;
    running.value = snapshot.running;
    dev.value = snapshot.dev;
    labelsOn.value = snapshot.labels;
    model.value = snapshot.model;
    problems.value = snapshot.problems;
    mqtt.value = snapshot.mqtt;
    environment.value = snapshot.environment;
    statuses.value = Object.fromEntries(Object.entries(snapshot.statuses).map(([id, status]) => [id, learnt(status)]));
    takeSettings(snapshot.settings);
    detections.value = snapshot.events.map(remembered);
    attempts.value = snapshot.attempts;
    lastOf.value = Object.fromEntries(snapshot.newest.map((event) => [event.source_id, remembered(event)]));
    days.value = snapshot.days;
    opened.value = true;
  });
}

/** Takes settings unless newer ones are known: news and answers come on different ways, and overtake one another. */
export function takeSettings(fresh: ShownSettings): void {
  if (link.value === "connected" && settings.value && fresh.serial < settings.value.serial) return;
  settings.value = fresh;
}

export function takeClap(news: Clap): void {
  const detection = justMade(news);
  if (detections.value.some((known) => known.id === detection.id)) return;
  batch(() => {
    detections.value = [detection, ...detections.value].slice(0, REMEMBERED);
    newestClap.value = detection;
    lastOf.value = { ...lastOf.value, [detection.sourceId]: detection };
    const day = days.value[detection.sourceId];
    if (day) days.value = { ...days.value, [detection.sourceId]: withOneMore(day) };
  });
}

/** A day with one more detection in its last hour. */
const withOneMore = (day: Day): Day => ({ ...day, detections: day.detections.map((count, hour, all) => count + Number(hour === all.length - 1)) });

export function takeVerdict(verdict: Verdict): void {
  keepVerdict(verdict);
  verdicts.publish(verdict);
}

export function takeModel(progress: ModelProgress): void {
  batch(() => {
    model.value = progress;
    if (progress.in_use) labelsOn.value = true;
  });
}

export function takeAttempt(attempt: Attempt): void {
  const { event_id, target_id, number } = attempt;
  if (attempts.value.some((a) => a.event_id === event_id && a.target_id === target_id && a.number === number)) return;
  attempts.value = [attempt, ...attempts.value].slice(0, REMEMBERED);
}

export function takeStatus(status: SourceStatus): void {
  statuses.value = { ...statuses.value, [status.source_id]: learnt(status) };
}

export function takeLevels(news: Level[]): void {
  for (const level of news) {
    keepLevel(level.source_id, level.peak_dbfs);
    levels.publish(level);
  }
  loudest.value = Math.max(SILENCE_DBFS, ...news.map((level) => level.peak_dbfs));
  beat();
}

const learnt = (status: SourceStatus): KnownStatus => ({ ...status, learnt: serviceNow() });

export function remembered(event: DetectionRecord): Detection {
  return { ...named(event), id: event.id, latencyS: event.decided_s - event.onset_s, labels: event.labels, applause: event.applause };
}

function justMade(news: Clap): Detection {
  return { ...named(news), id: news.event_id, latencyS: news.latency_s, labels: news.labels, applause: news.applause };
}

/** What the other sources that heard the same are called. */
export const alsoHeardBy = ({ source_id, heard_by }: Pick<Clap, "source_id" | "heard_by">) =>
  heard_by.filter((id) => id !== source_id).map((id) => sources.value.find((one) => one.id === id)?.name ?? id);

function named(event: DetectionRecord | Clap) {
  const { source_id: sourceId, source_name: sourceName, timestamp, score, claps, trigger_name: trigger } = event;
  return { sourceId, sourceName, timestamp, score, claps, trigger, also: alsoHeardBy(event) };
}
