import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clipAddress } from "../../api.ts";
import { t } from "../../i18n/index.ts";
import { shade } from "../../theme.ts";
import { paletteOf } from "../source/picture.ts";
import { BANDS, spectrogram } from "./spectrogram.ts";

/** The sound around a detection: to be heard, and seen while it plays. */
export function ClipPlayer({ id }: { id: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const along = useSignal(0);
  const address = new URL(clipAddress(id), document.baseURI).href;
  const shownIn = shade.value;
  useEffect(() => {
    let isWanted = true;
    fetch(address).then((answer) => answer.arrayBuffer())
      .then((sound) => new OfflineAudioContext(1, 1, 16_000).decodeAudioData(sound))
      .then((sound) => isWanted && draw(canvas.current!, sound.getChannelData(0), shownIn))
      .catch(() => undefined); // a browser that cannot decode it says so in the player itself
    return () => (isWanted = false, undefined);
  }, [address, shownIn]);
  return (
    <div class="clip-player">
      <div class="clip-picture">
        <canvas ref={canvas} height={BANDS} role="img" aria-label={t("history.clip_picture")} />
        <i style={{ left: `${100 * along.value}%` }} />
      </div>
      <audio
        controls autoplay preload="auto" src={address} aria-label={t("history.listen")}
        onTimeUpdate={({ currentTarget: { currentTime, duration } }) => (along.value = duration ? currentTime / duration : 0)}
      />
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, samples: Float32Array, shownIn: "dark" | "light"): void {
  const columns = spectrogram(samples);
  const colours = paletteOf(shownIn);
  canvas.width = columns.length;
  const image = new ImageData(columns.length, BANDS);
  columns.forEach((column, x) => column.forEach((loudness, band) => {
    const at = 4 * ((BANDS - 1 - band) * columns.length + x);
    image.data.set(colours.subarray(4 * loudness, 4 * loudness + 4), at);
  }));
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  canvas.dataset["drawn"] = "true";
}
