"""Sound presets on recordings: in how many of each kind each of them fires.

``python -m benchmarks.sounds SHARED`` prints JSON; SHARED has ``models/yamnet.tflite`` and a folder ``audio``.
Recordings are read as long as they are, a minute at most, between half a second of silence.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import soundfile

from claptrap.audio.frame import RATE_HZ
from claptrap.core.triggers import SoundSpec
from claptrap.detect.slot import LABEL_EVERY
from claptrap.detect.sounds import SoundTriggers
from claptrap.detect.yamnet import SAMPLES, YamNet, load_yamnet
from claptrap.settings.sound_presets import SOUND_PRESETS

KINDS = {"dog": ("dog-bark", "dog bark"), "baby": ("baby-cry", "baby cry", "crying-baby"), "glass": ("glass",)}
EACH = 60  # recordings of a kind


def main(shared: Path) -> None:
    """Print the figures."""
    yamnet = load_yamnet(shared / "models" / "yamnet.tflite")
    with (shared / "audio" / "provenance.csv").open(encoding="utf-8") as file:
        listed = [row for row in csv.DictReader(file) if (shared / "audio" / row["file"]).exists()]
    by_kind: dict[str, list[str]] = defaultdict(list)
    for row in listed:
        by_kind[_kind(row)].append(row["file"])
    heard: dict[str, dict[str, int]] = {}
    seconds: dict[str, float] = {}
    for kind, files in sorted(by_kind.items()):
        counts: Counter[str] = Counter()
        for name in files[:: max(1, len(files) // EACH)][:EACH]:
            samples, rate = soundfile.read(shared / "audio" / name, dtype="float32", always_2d=True, frames=60 * 48_000)
            if rate != RATE_HZ:
                continue
            windows = list(_windows(samples.mean(axis=1), yamnet))
            counts["recordings"] += 1
            seconds[kind] = seconds.get(kind, 0.0) + len(samples) / rate
            counts.update(preset.id for preset in SOUND_PRESETS if _fires(preset.id, windows))
        heard[kind] = dict(counts)
    print(json.dumps({"heard_in": heard, "seconds": {kind: round(value) for kind, value in seconds.items()}}, indent=1))


def _kind(row: Mapping[str, str]) -> str:
    text = f"{row['file']} {row['path']}".lower()
    return next(
        (kind for kind, words in KINDS.items() if any(word in text for word in words)), row["file"].partition("/")[0]
    )


def _windows(samples: np.ndarray, yamnet: YamNet) -> Iterator[tuple[int, dict[str, float]]]:
    padded = np.pad(samples, SAMPLES // 2)
    for at in range(SAMPLES, len(padded) + 1, LABEL_EVERY):
        window = padded[at - SAMPLES : at]
        if np.abs(window - window.mean()).max() > 1e-3:
            yield at, dict(zip(yamnet.names, yamnet.run(window).scores.tolist(), strict=True))


def _fires(preset_id: str, windows: list[tuple[int, dict[str, float]]]) -> bool:
    preset = next(one for one in SOUND_PRESETS if one.id == preset_id)
    spec = SoundSpec(preset.id, preset.id, preset.labels, preset.threshold, preset.persistence_s, preset.delay_s)
    triggers = SoundTriggers([spec])
    return any(triggers.process(at, scores) for at, scores in windows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
