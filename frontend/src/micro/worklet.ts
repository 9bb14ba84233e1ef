// Runs in the browser's audio thread: gathers the microphone's samples into blocks, exactly as
// src/claptrap/sources/browser_block.py takes them apart. `currentFrame` counts every sample since the context began, so a
// block knows its place even if the page could not keep up.
const VERSION = 1;
const HEADER_BYTES = 16;
const SAMPLES = 1024;

declare const currentFrame: number;
declare const sampleRate: number;
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

class Blocks extends AudioWorkletProcessor {
  #block = new DataView(new ArrayBuffer(0));
  #filled = 0;

  process([channels = []]: Float32Array[][]): boolean {
    const [first] = channels;
    if (!first) return true; // no microphone just now: the gap will show
    if (this.#filled === 0) this.#begin();
    for (let i = 0; i < first.length; i++) {
      const mean = channels.reduce((sum, channel) => sum + channel[i]!, 0) / channels.length;
      const sample = Math.round(Math.max(-1, Math.min(1, mean)) * 32767);
      this.#block.setInt16(HEADER_BYTES + 2 * this.#filled++, sample, true);
    }
    if (this.#filled >= SAMPLES) this.#send();
    return true;
  }

  #begin(): void {
    const block = new DataView(new ArrayBuffer(HEADER_BYTES + 2 * SAMPLES));
    block.setUint8(0, VERSION);
    block.setUint32(4, sampleRate, true);
    block.setBigUint64(8, BigInt(currentFrame), true);
    this.#block = block;
  }

  #send(): void {
    this.port.postMessage(this.#block.buffer, [this.#block.buffer as ArrayBuffer]);
    this.#filled = 0;
  }
}

registerProcessor("blocks", Blocks);
