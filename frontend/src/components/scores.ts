// The drawing of the score strip: time runs to the left, loudness lies behind, candidates stand at their scores.
import type { Verdict } from "../wire.ts";

export const SPAN_S = 30;
const MARK_PX = 5.5;
const GAP_S = 1; // without a level, and the sound is another

interface Level {
  at: number;
  loudness: number;
}

interface Mark {
  at: number;
  score: number;
  accepted: boolean;
}

export class Scores {
  /** Whether a candidate waits to be drawn. */
  isNew = false;
  readonly #canvas: HTMLCanvasElement;
  readonly #pen: CanvasRenderingContext2D;
  readonly #colours: Record<"clap" | "ground" | "line" | "muted" | "wave" | "wave-line", string>;
  #levels: Level[];
  #marks: Mark[];
  #width = 0;
  #height = 0;

  /** Draws on `canvas`, in the colours that are in force, and goes on from what another knew. */
  constructor(canvas: HTMLCanvasElement, before: Scores | null) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d")!;
    const style = getComputedStyle(canvas);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    this.#colours = {
      clap: colour("clap"), ground: colour("ground"), line: colour("line"), muted: colour("muted"), wave: colour("wave"),
      "wave-line": colour("wave-line"),
    };
    this.#levels = before ? before.#levels : [];
    this.#marks = before ? before.#marks : [];
    this.resize(canvas.clientWidth, canvas.clientHeight);
  }

  resize(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
    const sides = { width: Math.round(width * devicePixelRatio), height: Math.round(height * devicePixelRatio) };
    if (this.#canvas.width !== sides.width || this.#canvas.height !== sides.height) Object.assign(this.#canvas, sides);
  }

  addLevel(loudness: number): void {
    this.#levels.push({ at: seconds(), loudness });
    this.#forget();
  }

  addMark({ score, accepted }: Verdict): void {
    this.#marks.push({ at: seconds(), score, accepted });
    this.isNew = true;
  }

  draw(threshold: number): void {
    const pen = this.#pen;
    const now = seconds();
    const x = (at: number) => this.#width * (1 - (now - at) / SPAN_S);
    const y = (share: number) => MARK_PX + (this.#height - 2 * MARK_PX) * (1 - share); // the highest mark fits in
    this.isNew = false;
    this.#forget();
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, this.#width, this.#height);
    pen.fillStyle = this.#colours.line;
    for (const share of [1, 0.5, 0]) pen.fillRect(0, Math.round(y(share)), this.#width, 1);
    for (const at of [10, 20]) pen.fillRect(Math.round(x(now - at)), 0, 1, this.#height);
    this.#drawLoudness(x, y);
    this.#drawThreshold(Math.round(y(threshold)) + 0.5);
    for (const mark of this.#marks) this.#drawMark(x(mark.at), y(mark.score), mark.accepted);
  }

  #forget(): void {
    const oldest = seconds() - SPAN_S - 1;
    while (this.#levels.length && this.#levels[0]!.at < oldest) this.#levels.shift();
    while (this.#marks.length && this.#marks[0]!.at < oldest) this.#marks.shift();
  }

  #drawLoudness(x: (at: number) => number, y: (share: number) => number): void {
    const [line, area] = [new Path2D(), new Path2D()];
    let before = -GAP_S;
    for (const { at, loudness } of this.#levels) {
      if (at - before > GAP_S) {
        if (before > 0) area.lineTo(x(before), y(0));
        area.moveTo(x(at), y(0));
        line.moveTo(x(at), y(loudness));
      }
      area.lineTo(x(at), y(loudness));
      line.lineTo(x(at), y(loudness));
      before = at;
    }
    if (before > 0) area.lineTo(x(before), y(0));
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

const seconds = () => performance.now() / 1000;
