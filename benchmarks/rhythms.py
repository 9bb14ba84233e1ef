"""How often a taught rhythm is found where nobody claps it: ``python -m benchmarks.rhythms``.

Rhythms of three to seven claps, at the default tolerance, against rows of random claps, against somebody who applauds or
claps in time, and against real music, speech and look-alikes through the real detector (``CLAPTRAP_SHARED``, as for
``benchmarks.quality``). How often they are found when a person repeats them with a timing error of 6 % of each interval
(untrained tappers: B. Repp, "Sensorimotor synchronization", Psychonomic Bulletin & Review 12, 2005) stands beside it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from training.recordings import recordings

from benchmarks.quality import RESULTS, ROOT, processor
from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.core.triggers import RhythmSpec
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.classifier import Classification
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.engine import Engine
from claptrap.detect.patterns import DetectionSettings
from claptrap.detect.rhythm import PAUSE_S, Rhythms
from claptrap.detect.yamnet import load_yamnet

RHYTHMS = {
    "three": (1.0, 2.0),
    "four": (1.0, 1.0, 2.0),
    "five": (1.0, 0.5, 0.5, 1.0),
    "shave and a haircut": (1.0, 0.5, 0.5, 1.0, 2.0, 1.0),
}
TRIES = 1000
ERROR = 0.06


def found(name: str, rows: Iterable[Sequence[float]]) -> int:
    """Return in how many rows of onsets, in seconds, a rhythm is found."""
    spec = RhythmSpec(name, name, RHYTHMS[name])
    n = 0
    for row in rows:
        rhythms = Rhythms([spec])
        n += bool(_detections(rhythms, [round(at * RATE_HZ) for at in row]))
    return n


def _detections(rhythms: Rhythms, onsets: Sequence[int]) -> int:
    n = 0
    for onset in onsets:
        n += len(rhythms.advance(onset))
        rhythms.add(Classification(0, onset, onset + 2000, 0.9))
    return n + len(rhythms.finish())


def repeated(name: str, rng: np.random.Generator) -> list[float]:
    """Return the onsets of a rhythm that a person repeats, at a tempo of their own."""
    gaps = np.array(RHYTHMS[name]) * rng.uniform(0.2, 0.4)
    return [1.0, *(1.0 + np.cumsum(gaps * (1 + ERROR * rng.standard_normal(len(gaps)))))]


def random_row(rng: np.random.Generator) -> list[float]:
    """Return the onsets of three to eight claps at random times."""
    return [1.0, *(1.0 + np.cumsum(0.1 + rng.exponential(0.4, rng.integers(2, 8))))]


def steady_row(rng: np.random.Generator) -> list[float]:
    """Return the onsets of claps in time, three to twelve of them."""
    gaps = rng.uniform(0.2, 0.6) * (1 + ERROR * rng.standard_normal(rng.integers(2, 12)))
    return [1.0, *(1.0 + np.cumsum(gaps))]


def of_recordings(shared: Path) -> dict[str, dict[str, float]]:
    """Return, by kind of recording, its hours, the claps that are heard in it, and the rhythms that are found."""
    models = load_clapnet(), load_confirmer(), load_yamnet(shared / "models" / "yamnet.tflite")
    table: dict[str, dict[str, float]] = {}
    for recording in recordings(shared / "audio"):
        if recording.kind not in {"music", "speech", "neg"}:
            continue
        samples = recording.samples()
        hops = samples[: len(samples) // HOP * HOP].reshape(-1, HOP)
        engine = Engine(*models, DetectionSettings(0.5, 0.5))
        heard = [*engine.process(hops, np.zeros(len(hops), np.int64)), *engine.finish()]
        claps = [one.onset for one in heard if isinstance(one, Classification)]
        row = table.setdefault(recording.kind, {"hours": 0.0, "claps": 0, **dict.fromkeys(RHYTHMS, 0)})
        row["hours"] += (len(samples) / RATE_HZ + PAUSE_S) / 3600
        row["claps"] += len(claps)
        for name, intervals in RHYTHMS.items():
            row[name] += _detections(Rhythms([RhythmSpec(name, name, intervals)]), claps)
    return {kind: {**row, "hours": round(row["hours"], 3)} for kind, row in table.items()}


def main() -> None:
    """Run."""
    shared = Path(os.environ.get("CLAPTRAP_SHARED", ROOT.parent / "shared"))
    rng = np.random.default_rng(0)
    date = datetime.now(UTC).date().isoformat()
    result = {
        "date": date,
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "tolerance": RhythmSpec("", "", ()).tolerance,
        "of each": TRIES,
        "repeated by a person": {name: found(name, (repeated(name, rng) for _ in range(TRIES))) for name in RHYTHMS},
        "random claps": {name: found(name, (random_row(rng) for _ in range(TRIES))) for name in RHYTHMS},
        "claps in time": {name: found(name, (steady_row(rng) for _ in range(TRIES))) for name in RHYTHMS},
        "recordings": of_recordings(shared),
    }
    path = RESULTS / f"rhythms-{date}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(path.read_text(), path.relative_to(ROOT))


if __name__ == "__main__":
    main()
