// The microphone of this device as a stream of blocks, as it is: no echo cancellation, no noise suppression, no gain control,
// all of which take a clap for a disturbance.

declare const WORKLET: string;

type Failure = "refused" | "refused_by_system" | "dismissed" | "no_device" | "busy";

/** The microphone could not be opened, for a reason that has a sentence. */
export class MicrophoneError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure);
    this.failure = failure;
  }
}

export interface Listener {
  block(bytes: ArrayBuffer): void;
  /** It gives no sound any more, and will not again: unplugged, or taken away. */
  ended(): void;
  /** The system mutes it for a while, or the browser pauses it; "" when it goes on. */
  paused(why: "muted" | "asleep" | ""): void;
}

export interface Microphone {
  /** Whether the browser says that it gives sound: neither paused nor muted. */
  readonly isRunning: boolean;
  resume(): void;
  close(): void;
}

export const isSupported = () => !!navigator.mediaDevices?.getUserMedia && "AudioWorkletNode" in window;

/** Opens the microphone; to be called while a button is being pressed, or Safari stays mute. */
export async function openMicrophone(listener: Listener): Promise<Microphone> {
  const context = new AudioContext({ latencyHint: "interactive" });
  let media: MediaStream | null = null;
  let source: MediaStreamAudioSourceNode;
  try {
    media = await askForMicrophone();
    const [track] = media.getAudioTracks();
    await context.audioWorklet.addModule(new URL(WORKLET, document.baseURI).href);
    const blocks = new AudioWorkletNode(context, "blocks", { numberOfInputs: 1, numberOfOutputs: 1 });
    blocks.port.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => listener.block(data);
    source = context.createMediaStreamSource(media);
    source.connect(blocks).connect(context.destination); // its output is silence
    const tell = () => listener.paused(track!.muted ? "muted" : context.state === "running" ? "" : "asleep");
    track!.onended = () => listener.ended();
    track!.onmute = track!.onunmute = context.onstatechange = tell;
    await Promise.race([context.resume(), new Promise((go) => setTimeout(go, 1000))]); // some browsers wait for a touch
    tell();
  } catch (error) {
    close(media, context);
    throw error;
  }
  return new OpenMicrophone(context, media, source);
}

/** Holds every node for as long as it is open: a source that nothing holds is collected, and its sound ends. */
class OpenMicrophone implements Microphone {
  readonly #context: AudioContext;
  readonly #media: MediaStream;
  readonly #source: MediaStreamAudioSourceNode;

  constructor(context: AudioContext, media: MediaStream, source: MediaStreamAudioSourceNode) {
    this.#context = context;
    this.#media = media;
    this.#source = source;
  }

  get isRunning(): boolean {
    return this.#context.state === "running" && !this.#media.getAudioTracks()[0]?.muted;
  }

  resume(): void {
    void this.#context.resume();
  }

  close(): void {
    this.#source.disconnect();
    close(this.#media, this.#context);
  }
}

async function askForMicrophone(): Promise<MediaStream> {
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  return navigator.mediaDevices.getUserMedia({ audio }).catch((error: unknown) => {
    throw new MicrophoneError(error instanceof DOMException ? failureOf(error) : "busy");
  });
}

function failureOf({ name, message }: DOMException): Failure {
  if (name === "NotFoundError" || name === "OverconstrainedError") return "no_device";
  if (name !== "NotAllowedError" && name !== "SecurityError") return "busy";
  if (/system/i.test(message)) return "refused_by_system"; // only Chromium says so; elsewhere the general words are right too
  return /dismissed/i.test(message) ? "dismissed" : "refused";
}

/** Calls `then` once this page may use the microphone after all; never where the browser does not say so. */
export async function whenAllowed(then: () => void): Promise<void> {
  const known = await navigator.permissions?.query({ name: "microphone" as PermissionName }).catch(() => null);
  if (!known) return;
  known.onchange = () => {
    if (known.state !== "granted") return;
    known.onchange = null;
    then();
  };
}

function close(media: MediaStream | null, context: AudioContext): void {
  context.onstatechange = null;
  for (const track of media?.getTracks() ?? []) {
    track.onended = track.onmute = track.onunmute = null;
    track.stop();
  }
  void context.close();
}
