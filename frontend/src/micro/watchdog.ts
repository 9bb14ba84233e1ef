// Keeps the microphone open: watches the sound itself, not what the browser says of it, and opens it again where none comes.
import { type Microphone, MicrophoneError, openMicrophone } from "./microphone.ts";

const LOOK_MS = 1000;
const RESUME_MS = 2000; // without sound: the browser is asked to go on
const REOPEN_MS = 5000; // without sound although it goes on: the microphone is opened again
const RETRY_MS = 5000; // between two tries, besides those when a device is plugged in

interface KeptListener {
  block(bytes: ArrayBuffer): void;
  /** The system mutes it for a while, or the browser pauses it; "" when it goes on. */
  paused(why: "muted" | "asleep" | ""): void;
  /** It is gone, as when it was unplugged; it is tried again. */
  lost(): void;
  /** It was opened again: its blocks count from the beginning. */
  reopened(): void;
  /** It will not be tried again, for a reason that has a sentence. */
  failed(why: MicrophoneError): void;
}

/** Opens the microphone and keeps it open; to be called while a button is being pressed, or Safari stays mute. */
export async function keepMicrophone(listener: KeptListener): Promise<Microphone> {
  const keeper = new Keeper(listener);
  await keeper.open();
  return keeper;
}

class Keeper implements Microphone {
  readonly #listener: KeptListener;
  readonly #timer = setInterval(() => this.#look(), LOOK_MS);
  readonly #plugged = () => void (this.#microphone ?? this.#reopen());
  #microphone: Microphone | null = null;
  #heardAt = 0;
  #triedAt = 0;
  #isBusy = false;
  #isClosed = false;

  constructor(listener: KeptListener) {
    this.#listener = listener;
    navigator.mediaDevices.addEventListener("devicechange", this.#plugged);
  }

  /** Opens it for the first time. */
  async open(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get isRunning(): boolean {
    return !!this.#microphone?.isRunning;
  }

  resume(): void {
    this.#microphone?.resume();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    navigator.mediaDevices.removeEventListener("devicechange", this.#plugged);
    this.#microphone?.close();
    this.#microphone = null;
  }

  async #open(): Promise<void> {
    this.#triedAt = performance.now();
    const opened = await openMicrophone({
      block: (bytes) => {
        this.#heardAt = performance.now();
        this.#listener.block(bytes);
      },
      ended: () => void this.#reopen(),
      paused: (why) => this.#listener.paused(why),
    });
    if (this.#isClosed) return opened.close();
    this.#microphone = opened;
    this.#heardAt = performance.now();
  }

  async #reopen(): Promise<void> {
    if (this.#isBusy || this.#isClosed) return;
    this.#isBusy = true;
    const was = this.#microphone;
    this.#microphone = null;
    was?.close();
    try {
      await this.#open();
      if (!this.#isClosed) this.#listener.reopened();
    } catch (error) {
      if (this.#isClosed) return;
      if (error instanceof MicrophoneError && !["no_device", "busy"].includes(error.failure)) this.#listener.failed(error);
      else if (was) this.#listener.lost();
    } finally {
      this.#isBusy = false;
    }
  }

  #look(): void {
    const now = performance.now();
    if (!this.#microphone) {
      if (now - this.#triedAt >= RETRY_MS) void this.#reopen();
      return;
    }
    const silentMs = now - this.#heardAt;
    if (silentMs >= REOPEN_MS && this.#microphone.isRunning) void this.#reopen();
    else if (silentMs >= RESUME_MS) this.#microphone.resume();
  }
}
