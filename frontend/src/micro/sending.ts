// This device as a source: opens the microphone, claims a source, and sends blocks over Socket.IO. A connection that breaks
// comes back by itself; what could not be sent meanwhile is left out, and the places of the blocks show how much that was.
import { signal } from "@preact/signals";
import { ask, inWords } from "../api.ts";
import { said, t } from "../i18n/index.ts";
import { keepAwake } from "../awake.ts";
import { recall, remember } from "../memory.ts";
import type { Connection } from "../types.ts";
import { type Microphone, MicrophoneError, whenAllowed } from "./microphone.ts";
import { keepMicrophone } from "./watchdog.ts";

type Phase = "ready" | "asking" | "joining" | "on";

const MOST_WAITING_BYTES = 200_000; // about 2 s of sound: what comes later is worth less than what comes now

export const phase = signal<Phase>("ready");
/** Why the microphone is not on, in words. */
export const trouble = signal("");
/** Whether the microphone was allowed after it had been refused. */
export const allowed = signal(false);
export const paused = signal<"muted" | "asleep" | "gone" | "">("");
export const sourceId = signal("");
const kept = (recall("micro") ?? {}) as { id?: unknown; name?: unknown };
export const remembered = { id: typeof kept.id === "string" ? kept.id : "", name: typeof kept.name === "string" ? kept.name : "" };

let socket: Connection | null = null;
let microphone: Microphone | null = null;
let page = "";
let sleep = () => {};

/** Uses `opened` for everything from now on. */
export function sendOver(opened: Connection): void {
  socket = opened;
  socket.on("connect", () => void (page && join()));
  socket.on("disconnect", () => page && (phase.value = "joining"));
  socket.on("micro_end", (why) => end(said(why)));
  window.addEventListener("pagehide", () => stop("browser.closed"));
  document.addEventListener("visibilitychange", () => document.hidden || microphone?.resume());
  document.addEventListener("pointerdown", () => microphone?.resume());
}

export async function start(name: string): Promise<void> {
  phase.value = "asking";
  trouble.value = "";
  allowed.value = false;
  try {
    const opened = await keepMicrophone({ block: send, paused: (why) => (paused.value = why), lost, reopened, failed });
    microphone = opened;
    phase.value = "joining";
    const { id } = await ask("POST /api/micro", { body: { name, id: remembered.id } });
    if (microphone !== opened) return; // it was switched off meanwhile
    sourceId.value = id;
    remember("micro", Object.assign(remembered, { id, name }));
    page = crypto.randomUUID();
    sleep = keepAwake(); // a phone that sleeps hears nothing
    if (socket?.connected) join();
  } catch (error) {
    if (error instanceof MicrophoneError) failed(error);
    else end(t("micro.failed", { reason: inWords(error) }));
  }
}

function failed(why: MicrophoneError): void {
  if (page) socket?.emit("micro_close", { code: "browser.unplugged" });
  end(t(`micro.${why.failure}`));
  void whenAllowed(nowAllowed);
}

function nowAllowed(): void {
  if (phase.value !== "ready") return;
  trouble.value = "";
  allowed.value = true;
}

export function stop(code = "browser.stopped"): void {
  if (page) socket?.emit("micro_close", { code });
  end("");
}

/** The microphone is gone, and tried again. */
function lost(): void {
  if (page) socket?.emit("micro_close", { code: "browser.unplugged" });
  page = "";
  paused.value = "gone";
}

/** Its sound begins again: another stream for the service. */
function reopened(): void {
  if (!sourceId.value || phase.value === "ready") return;
  page = crypto.randomUUID();
  if (socket?.connected) join();
  else phase.value = "joining";
}

function join(): void {
  const joining = page;
  socket?.emit("micro_open", { source: sourceId.value, page }, (answer) => {
    if (joining !== page) return;
    if (answer.code) end(said(answer));
    else phase.value = "on";
  });
}

function send(block: ArrayBuffer): void {
  if (phase.value === "on" && socket?.connected && waitingBytes() < MOST_WAITING_BYTES) socket.emit("micro_sound", block);
}

/** How much the network has not taken yet; the transport's own count, where it has one. */
function waitingBytes(): number {
  const engine = socket?.io.engine;
  const transport = engine?.transport as { ws?: WebSocket } | undefined;
  return (transport?.ws?.bufferedAmount ?? 0) + 1100 * (engine?.writeBuffer.length ?? 0);
}

function end(why: string): void {
  microphone?.close();
  microphone = null;
  page = "";
  sleep();
  phase.value = "ready";
  paused.value = "";
  trouble.value = why;
}
