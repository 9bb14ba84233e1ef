// The sound of the last seconds as a picture: the waveform above, the spectrum below, and every candidate where it was.
import type { Picture as Columns, Verdict } from "../../wire.ts";

export const SPAN_S = 8;
const COLUMN_S = 0.02;
const WIDTH = SPAN_S / COLUMN_S;
const BANDS = 40;
const ROW = BANDS + 1;
const WAVE_SHARE = 0.24;
const LANE_PX = 26;
const SCORE_PX = 48; // what a disc and its score take
const QUIET = 35; // of 255, −86 dB: quieter is the ground
const LOUD = 195; // −24 dB in a band: louder is no brighter

type Colour = [number, number, number];

const RAMPS: Record<"dark" | "light", Colour[]> = {
  dark: [[15, 18, 32], [52, 42, 104], [168, 64, 118], [255, 128, 82], [255, 226, 160]],
  light: [[250, 250, 254], [255, 222, 176], [236, 138, 82], [160, 52, 70], [52, 12, 50]],
};

export class Picture {
  readonly #canvas: HTMLCanvasElement;
  readonly #sound = new OffscreenCanvas(WIDTH, BANDS);
  readonly #spectrum: OffscreenCanvasRenderingContext2D;
  readonly #palette: Uint8ClampedArray;
  readonly #style: Record<"live" | "clap" | "muted" | "font", string>; // read once: reading makes the browser work out all styles
  #peaks = new Uint8Array(WIDTH);
  /** UTC Unix seconds at which the newest column ends; 0 before there is any. */
  #end = 0;
  #candidates: Verdict[] = [];

  constructor(canvas: HTMLCanvasElement, shade: "dark" | "light") {
    this.#canvas = canvas;
    this.#spectrum = this.#sound.getContext("2d")!;
    this.#palette = paletteOf(shade);
    const style = getComputedStyle(canvas);
    const value = (name: string) => style.getPropertyValue(`--${name}`).trim();
    this.#style = { live: value("live"), clap: value("clap"), muted: value("muted"), font: value("font") };
    this.#spectrum.fillStyle = `rgb(${RAMPS[shade][0]!.join(" ")})`;
    this.#spectrum.fillRect(0, 0, WIDTH, BANDS);
  }

  addSound({ timestamp, columns }: Columns): void {
    const bytes = Uint8Array.from(atob(columns), (char) => char.charCodeAt(0));
    const count = Math.floor(bytes.length / ROW);
    const missing = this.#end ? Math.round((timestamp - this.#end) / COLUMN_S) : 0;
    if (missing > 1) this.#shift(Math.min(WIDTH, missing)); // a jitter of one column is no gap
    this.#shift(count);
    const image = new ImageData(count, BANDS);
    for (let x = 0; x < count; x++) {
      this.#peaks[WIDTH - count + x] = bytes[x * ROW]!;
      for (let band = 0; band < BANDS; band++) {
        const from = 4 * bytes[x * ROW + 1 + band]!;
        image.data.set(this.#palette.subarray(from, from + 4), 4 * ((BANDS - 1 - band) * count + x));
      }
    }
    this.#spectrum.putImageData(image, WIDTH - count, 0);
    this.#end = timestamp + count * COLUMN_S;
  }

  addCandidate(news: Verdict): void {
    this.#candidates = [...this.#candidates.filter(({ timestamp }) => timestamp > this.#end - SPAN_S), news];
  }

  draw(threshold: number, write: (score: number) => string): void {
    const { clientWidth, clientHeight } = this.#canvas;
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    const ctx = this.#canvas.getContext("2d")!;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, clientWidth, clientHeight);
    const waveHeight = (clientHeight - LANE_PX) * WAVE_SHARE;
    this.#drawWave(ctx, clientWidth, LANE_PX, waveHeight);
    const top = LANE_PX + waveHeight;
    ctx.drawImage(this.#sound, 0, 0, WIDTH, BANDS, 0, top, clientWidth, clientHeight - top);
    let next = clientWidth; // what is to the right of the candidate
    for (const candidate of [...this.#candidates].reverse()) {
      const x = clientWidth * (1 - (this.#end - candidate.timestamp) / SPAN_S);
      if (x < 0 || x > clientWidth) continue;
      this.#drawLine(ctx, x, clientHeight, candidate.accepted);
      if (!candidate.accepted && candidate.score < threshold / 2) continue; // far from a clap: a line is enough
      this.#drawMark(ctx, x, candidate.accepted, next - x < SCORE_PX ? "" : write(candidate.score));
      next = x;
    }
  }

  #shift(columns: number): void {
    this.#spectrum.drawImage(this.#sound, -columns, 0);
    this.#spectrum.fillRect(WIDTH - columns, 0, columns, BANDS);
    this.#peaks.copyWithin(0, columns);
    this.#peaks.fill(0, WIDTH - columns);
  }

  #drawWave(ctx: CanvasRenderingContext2D, width: number, top: number, height: number): void {
    const step = width / WIDTH;
    const wave = new Path2D(); // filled at once: four hundred bars by themselves took most of the time
    this.#peaks.forEach((peak, index) => {
      const tall = Math.max(1, (height - 4) * Math.max(0, (peak - QUIET) / (255 - QUIET)));
      wave.rect(index * step, top + (height - tall) / 2, Math.max(1, step - 0.3), tall);
    });
    ctx.fillStyle = this.#style.live;
    ctx.fill(wave);
  }

  #drawLine(ctx: CanvasRenderingContext2D, x: number, height: number, accepted: boolean): void {
    ctx.strokeStyle = this.#style[accepted ? "clap" : "muted"];
    ctx.lineWidth = 1;
    ctx.setLineDash(accepted ? [] : [3, 3]);
    ctx.beginPath();
    ctx.moveTo(x, LANE_PX);
    ctx.lineTo(x, height);
    ctx.globalAlpha = accepted ? 0.75 : 0.45;
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
  }

  /** A clap is a full disc, what was not one an empty ring, as on the score strip; its score stands beside it, if there is room. */
  #drawMark(ctx: CanvasRenderingContext2D, x: number, accepted: boolean, score: string): void {
    ctx.strokeStyle = ctx.fillStyle = this.#style[accepted ? "clap" : "muted"];
    ctx.beginPath();
    ctx.arc(x + 5, LANE_PX / 2, accepted ? 5 : 4, 0, 2 * Math.PI);
    if (accepted) ctx.fill();
    else ctx.stroke();
    ctx.font = `${accepted ? "600 " : ""}12px ${this.#style.font}`;
    ctx.fillText(score, x + 14, LANE_PX / 2 + 4);
  }
}

/** 256 colours from quiet to loud, four bytes each. */
export function paletteOf(shade: "dark" | "light"): Uint8ClampedArray {
  const ramp = RAMPS[shade];
  const colours = new Uint8ClampedArray(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    const along = Math.min(1, Math.max(0, (byte - QUIET) / (LOUD - QUIET))) * (ramp.length - 1);
    const [from, to] = [ramp[Math.floor(along)]!, ramp[Math.ceil(along)]!];
    const mixed = from.map((channel, index) => channel + (to[index]! - channel) * (along % 1));
    colours.set([...mixed, 255], 4 * byte);
  }
  return colours;
}
