// Which frequencies a sound has, moment by moment: a short-time Fourier transform, small and only for clips of seconds.
const SIZE = 512;
const HOP = 128;
export const BANDS = 96; // up to 3 kHz at 16 kHz the lowest third of the bins; a clap is seen in all of them
const FLOOR_DB = -95;
const RANGE_DB = 85;

const WINDOW = Float32Array.from({ length: SIZE }, (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / SIZE));

/** Columns of `BANDS` values from 0 (quiet) to 255 (loud), low frequencies first; one every 8 ms at 16 kHz. */
export function spectrogram(samples: Float32Array): Uint8Array[] {
  const columns = [];
  for (let start = 0; start + SIZE <= samples.length; start += HOP) {
    const real = WINDOW.map((weight, index) => weight * samples[start + index]!);
    const imaginary = new Float32Array(SIZE);
    transform(real, imaginary);
    columns.push(Uint8Array.from({ length: BANDS }, (_, band) => {
      const [from, to] = [band, band + 1].map((edge) => Math.max(1, Math.round((edge * SIZE) / 2 / BANDS)));
      let power = 0;
      for (let bin = from!; bin < Math.max(to!, from! + 1); bin++) power = Math.max(power, real[bin]! ** 2 + imaginary[bin]! ** 2);
      const decibels = 10 * Math.log10(power / SIZE ** 2 + 1e-12);
      return Math.min(255, Math.max(0, (255 * (decibels - FLOOR_DB)) / RANGE_DB));
    }));
  }
  return columns;
}

/** The discrete Fourier transform in place, of a power of two of values (Cooley and Tukey). */
function transform(real: Float32Array, imaginary: Float32Array): void {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [real[i], real[j], imaginary[i], imaginary[j]] = [real[j]!, real[i]!, imaginary[j]!, imaginary[i]!];
  }
  for (let length = 2; length <= n; length <<= 1) {
    for (let start = 0; start < n; start += length) {
      for (let k = 0; k < length / 2; k++) {
        const angle = (-2 * Math.PI * k) / length;
        const [cos, sin, a, b] = [Math.cos(angle), Math.sin(angle), start + k, start + k + length / 2];
        const [re, im] = [real[b]! * cos - imaginary[b]! * sin, real[b]! * sin + imaginary[b]! * cos];
        [real[b], imaginary[b]] = [real[a]! - re, imaginary[a]! - im];
        [real[a], imaginary[a]] = [real[a]! + re, imaginary[a]! + im];
      }
    }
  }
}
