// The drawing of the score strip: time runs to the left, candidates stand at their scores; the level has a strip of its own below.
import { loudness } from "./LevelMeter.tsx";
import { type Minute, seconds } from "../minute.ts";

export const SPAN_S = 30;
export const MARK_PX = 5.5;
export const LEVEL_PX = 26; // how high the level's strip is, and what lies between
export const GAP_PX = 8;
const GAP_S = 2; // without a level, and the sound is another

type Colour = "clap" | "ground" | "line" | "muted" | "wave" | "wave-line";

export class Scores {
  readonly #canvas: HTMLCanvasElement;
  readonly #pen: CanvasRenderingContext2D;
  readonly #colours: Record<Colour, string>;
  #width = 0;
  #height = 0;

  /** Draws on `canvas`, in the colours that are in force. */
  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d")!;
    const style = getComputedStyle(canvas);
    const colour = (name: Colour) => style.getPropertyValue(`--${name}`).trim();
    this.#colours = {
      clap: colour("clap"), ground: colour("ground"), line: colour("line"), muted: colour("muted"), wave: colour("wave"),
      "wave-line": colour("wave-line"),
    };
    this.resize(canvas.clientWidth, canvas.clientHeight);
  }

  resize(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
    const sides = { width: Math.round(width * devicePixelRatio), height: Math.round(height * devicePixelRatio) };
    if (this.#canvas.width !== sides.width || this.#canvas.height !== sides.height) Object.assign(this.#canvas, sides);
  }

  draw({ levels, verdicts }: Minute, threshold: number): void {
    const pen = this.#pen;
    const now = seconds();
    const bottom = this.#height - LEVEL_PX - GAP_PX; // of the scores
    const x = (at: number) => this.#width * (1 - (now - at) / SPAN_S);
    const y = (share: number) => MARK_PX + (bottom - 2 * MARK_PX) * (1 - share); // the highest mark fits in
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, this.#width, this.#height);
    pen.fillStyle = this.#colours.line;
    for (const share of [1, 0.5, 0]) pen.fillRect(0, Math.round(y(share)), this.#width, 1);
    for (const at of [10, 20]) pen.fillRect(Math.round(x(now - at)), 0, 1, this.#height);
    this.#drawLevels(levels.filter(({ at }) => at > now - SPAN_S - GAP_S), x);
    this.#drawThreshold(Math.round(y(threshold)) + 0.5);
    for (const { at, verdict } of verdicts) if (at > now - SPAN_S) this.#drawMark(x(at), y(verdict.score), verdict.accepted);
  }

  #drawLevels(levels: Minute["levels"], x: (at: number) => number): void {
    const [line, area] = [new Path2D(), new Path2D()];
    const y = (peak: number) => this.#height - 1 - (LEVEL_PX - 2) * loudness(peak);
    let before = -Infinity;
    for (const { at, peak } of levels) {
      if (at - before > GAP_S) {
        if (before > 0) area.lineTo(x(before), this.#height);
        area.moveTo(x(at), this.#height);
        line.moveTo(x(at), y(peak));
      }
      area.lineTo(x(at), y(peak));
      line.lineTo(x(at), y(peak));
      before = at;
    }
    if (before > 0) area.lineTo(x(before), this.#height);
    this.#pen.fillStyle = this.#colours.wave;
    this.#pen.fill(area);
    this.#pen.strokeStyle = this.#colours["wave-line"];
    this.#pen.lineWidth = 1;
    this.#pen.setLineDash([]);
    this.#pen.stroke(line);
  }

  #drawThreshold(y: number): void {
    this.#pen.strokeStyle = this.#colours.clap;
    this.#pen.lineWidth = 1.5;
    this.#pen.setLineDash([6, 4]);
    this.#pen.beginPath();
    this.#pen.moveTo(0, y);
    this.#pen.lineTo(this.#width, y);
    this.#pen.stroke();
    this.#pen.setLineDash([]);
  }

  /** A clap is a full disc, what was not a clap an empty ring: told apart without colour. */
  #drawMark(x: number, y: number, accepted: boolean): void {
    this.#pen.beginPath();
    this.#pen.arc(x, y, accepted ? MARK_PX : 4, 0, 2 * Math.PI);
    this.#pen.lineWidth = 1.5;
    this.#pen.strokeStyle = accepted ? this.#colours.ground : this.#colours.muted;
    this.#pen.fillStyle = this.#colours.clap;
    if (accepted) this.#pen.fill();
    this.#pen.stroke();
  }
}
