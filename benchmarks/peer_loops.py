"""What others do with the same sound, each as the bare loop that it is built around: no page, no journal, no delivery.

Runs under a Python of its own that has their packages and not ClapTrap (``make bench-tools``), and so imports nothing of the
project; ``benchmarks.peers`` starts it. First it writes the JSON line ``{"type": "ready"}``, then one for every clap that it
hears: ``decided``, seconds of sound that it had when it did, and its ``score``.

- ``frigate``: FFmpeg decodes, 0.975 s at a time; what is louder than a mean level goes to YAMNet; its defaults (500, 0.8).
- ``frigate-sensitive``: the same at the least that its documentation proposes (200, 0.5).
- ``mediapipe``: MediaPipe's audio classifier with YAMNet, as a stream, half a window at a time; above 0.5.
- ``yamnet``: YAMNet every 100 ms; above 0.5.
- ``clap-detector``: the package of that name, with the settings of its examples.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
from numpy.typing import NDArray

YAMNET_HZ, WINDOW = 16_000, 15_600
FULL_SCALE = 32_768.0
SURE = 0.5
CLAP = "Clapping"


class Loop(Protocol):
    """Hears blocks of sound, mono.

    Attributes:
        rate_hz: their rate.
        block: samples of each.
        decoder: ``ffmpeg`` or ``pyav``.
    """

    rate_hz: int
    block: int
    decoder: str

    def hear(self, block: NDArray[np.int16]) -> list[tuple[float, float]]:
        """Return claps: seconds of sound that had been heard when each was decided, and scores."""

    def close(self) -> list[tuple[float, float]]:
        """Return what comes after the end."""


class YamNet:
    """YAMNet's score of clapping, by LiteRT."""

    def __init__(self, model: Path, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415  # only the peers that need it

        self._interpreter = Interpreter(model_path=str(model), num_threads=threads)
        (about,) = self._interpreter.get_input_details()
        self._interpreter.resize_tensor_input(about["index"], [1, WINDOW] if len(about["shape"]) == 2 else [WINDOW])
        self._interpreter.allocate_tensors()
        self._input, self._shape = about["index"], self._interpreter.get_input_details()[0]["shape"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        with zipfile.ZipFile(model) as parts:
            names = parts.read(parts.namelist()[0]).decode().splitlines()
        self._clap = names.index(CLAP)

    def score(self, window: NDArray[np.int16]) -> float:
        """Return the score of ``WINDOW`` samples."""
        self._interpreter.set_tensor(self._input, (window / FULL_SCALE).astype(np.float32).reshape(self._shape))
        self._interpreter.invoke()
        return float(self._interpreter.get_tensor(self._output)[0][self._clap])


class Frigate:
    """Windows that are loud enough, one after the other."""

    rate_hz, block, decoder = YAMNET_HZ, WINDOW, "ffmpeg"

    def __init__(self, model: Path, least_level: float = 500.0, least_score: float = 0.8) -> None:
        self._yamnet = YamNet(model, threads=2)
        self._least_level, self._least_score, self._n = least_level, least_score, 0

    def hear(self, block: NDArray[np.int16]) -> list[tuple[float, float]]:
        self._n += len(block)
        if np.sqrt(np.mean(np.square(block.astype(np.float32)))) < self._least_level:
            return []
        score = self._yamnet.score(block)
        return [(self._n / self.rate_hz, score)] if score >= self._least_score else []

    def close(self) -> list[tuple[float, float]]:
        return []


class EveryTenth:
    """A window every 100 ms; a clap where the score rises above ``SURE``."""

    rate_hz, block, decoder = YAMNET_HZ, 1_600, "pyav"

    def __init__(self, model: Path) -> None:
        self._yamnet = YamNet(model, threads=1)
        self._window = np.zeros(WINDOW, np.int16)
        self._n, self._before = 0, 0.0

    def hear(self, block: NDArray[np.int16]) -> list[tuple[float, float]]:
        self._n += len(block)
        self._window = np.concatenate([self._window[len(block) :], block])
        before, self._before = self._before, self._yamnet.score(self._window)
        return [(self._n / self.rate_hz, self._before)] if self._before > SURE >= before else []

    def close(self) -> list[tuple[float, float]]:
        return []


class MediaPipe:
    """The audio classifier, which makes windows of a stream itself and answers in a thread of its own."""

    rate_hz, block, decoder = YAMNET_HZ, WINDOW // 2, "pyav"

    def __init__(self, model: Path) -> None:
        from mediapipe.tasks.python import BaseOptions, audio  # noqa: PLC0415  # only this peer needs it
        from mediapipe.tasks.python.components.containers import AudioData, AudioDataFormat  # noqa: PLC0415  # likewise

        self._data, self._form = AudioData, AudioDataFormat(1, self.rate_hz)
        self._found: list[tuple[float, float]] = []
        self._n = 0
        options = audio.AudioClassifierOptions(
            base_options=BaseOptions(model_asset_path=str(model)),
            running_mode=audio.RunningMode.AUDIO_STREAM,
            category_allowlist=[CLAP],
            result_callback=self._take,
        )
        self._classifier = audio.AudioClassifier.create_from_options(options)

    def _take(self, result: Any, began_ms: int) -> None:
        score = max((one.score for part in result.classifications for one in part.categories), default=0.0)
        if score > SURE:
            self._found.append((began_ms / 1000 + WINDOW / self.rate_hz, float(score)))

    def hear(self, block: NDArray[np.int16]) -> list[tuple[float, float]]:
        data = self._data(len(block), self._form)
        data.load_from_array((block / FULL_SCALE).astype(np.float32)[:, None])
        self._classifier.classify_async(data, round(1000 * self._n / self.rate_hz))
        self._n += len(block)
        return self._taken()

    def close(self) -> list[tuple[float, float]]:
        self._classifier.close()
        return self._taken()

    def _taken(self) -> list[tuple[float, float]]:
        found, self._found = self._found, []
        return found


class Peaks:
    """The package clap-detector: peaks above a threshold that follows the level."""

    rate_hz, block, decoder = 44_100, 2_048, "pyav"

    def __init__(self, _: Path) -> None:
        from clapDetector import ClapDetector  # noqa: PLC0415  # only this peer needs it

        quiet = logging.getLogger("peer")
        quiet.setLevel(logging.CRITICAL)
        self._detector = ClapDetector(inputDevice=None, logger=quiet)
        self._n, self._is_clap = 0, False
        is_clap = self._detector.isClap

        def noted(*args: Any, **options: Any) -> bool:  # it says patterns, a quarter of a second later; this is each clap
            self._is_clap = bool(is_clap(*args, **options))
            return self._is_clap

        self._detector.isClap = noted

    def hear(self, block: NDArray[np.int16]) -> list[tuple[float, float]]:
        self._n += len(block)
        self._detector.run(thresholdBias=6000, lowcut=200, highcut=3200, audioData=block)
        return [(self._n / self.rate_hz, 1.0)] if self._is_clap else []

    def close(self) -> list[tuple[float, float]]:
        return []


LOOPS: dict[str, Callable[[Path], Loop]] = {
    "frigate": Frigate,
    "frigate-sensitive": lambda model: Frigate(model, 200.0, 0.5),
    "mediapipe": MediaPipe,
    "yamnet": EveryTenth,
    "clap-detector": Peaks,
}


def by_ffmpeg(source: str, loop: Loop) -> Iterator[NDArray[np.int16]]:
    """Yield blocks that the program ffmpeg decodes."""
    options = ["-rtsp_transport", "tcp"] if source.startswith("rtsp") else []
    command = ["ffmpeg", "-loglevel", "error", *options, "-i", source, "-vn", "-f", "s16le", "-ar", str(loop.rate_hz)]
    with subprocess.Popen([*command, "-ac", "1", "-"], stdout=subprocess.PIPE) as ffmpeg:
        while ffmpeg.stdout and len(data := ffmpeg.stdout.read(2 * loop.block)) == 2 * loop.block:
            yield np.frombuffer(data, np.int16)


def by_pyav(source: str, loop: Loop) -> Iterator[NDArray[np.int16]]:
    """Yield blocks that PyAV decodes in this process."""
    options = {"allowed_media_types": "audio", "rtsp_transport": "tcp"} if source.startswith("rtsp") else {}
    rest = np.zeros(0, np.int16)
    with av.open(source, options=options) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=loop.rate_hz)
        for frame in container.decode(audio=0):
            parts = [part.to_ndarray()[0] for part in resampler.resample(frame)]
            rest = np.concatenate([rest, *parts])
            while len(rest) >= loop.block:
                yield rest[: loop.block]
                rest = rest[loop.block :]


def main() -> None:
    """Hear."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("loop", choices=LOOPS)
    parser.add_argument("source", nargs="?", help="file or rtsp:// address; without one it only makes ready")
    parser.add_argument("--model", type=Path, required=True, help="yamnet.tflite")
    parser.add_argument("--post", help="URL that is called at every clap")
    wanted = parser.parse_args()
    began_s = time.monotonic()
    loop: Loop = LOOPS[wanted.loop](wanted.model)
    print(json.dumps({"type": "ready", "load_s": round(time.monotonic() - began_s, 3)}), flush=True)
    if wanted.source is None:
        return
    decode = by_ffmpeg if loop.decoder == "ffmpeg" else by_pyav
    for block in decode(wanted.source, loop):
        tell(loop.hear(block), wanted.post)
    tell(loop.close(), wanted.post)


def tell(claps: list[tuple[float, float]], url: str | None) -> None:
    """Write claps, and call the URL."""
    for decided, score in claps:
        clap = {"type": "clap", "decided": round(decided, 3), "score": round(score, 3)}
        print(json.dumps(clap), flush=True)
        if url:
            request = urllib.request.Request(url, json.dumps(clap).encode(), {"Content-Type": "application/json"})  # noqa: S310  # ours
            urllib.request.urlopen(request, timeout=5).close()  # noqa: S310  # likewise


if __name__ == "__main__":
    main()
