"""How well a sound that was taught by four examples is known again: ``python -m benchmarks.taught_sounds``.

Groups of recordings of one thing by one maker (knocks, a ceramic cup, keys, a harmonica …): four of a group, by chance, are
the lesson, as the service makes it of them; the rest of the group is to be found, and nothing else: other groups, speech,
music and sounds that are in no group, at the threshold that the lesson proposes. Ten draws of each group.
``CLAPTRAP_SHARED`` as for ``benchmarks.quality``. The centre of embeddings was learnt from the training part, which some of
the groups belong to; no sound of a group was learnt as such.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from training.recordings import Recording, recordings

from benchmarks.quality import RESULTS, ROOT, processor
from claptrap.core.events import TaughtWindow
from claptrap.detect.slot import LABEL_EVERY
from claptrap.detect.taught import packed, sound_vector, unpacked
from claptrap.detect.yamnet import SAMPLES, YamNet, load_yamnet
from claptrap.service.sound_lessons import Lesson

GROUPS = {
    "knock": "neg/thoai__knock", "table tap": "neg/gotta__tap", "ceramic cup": "neg/kentmak__ceramic",
    "wood": "neg/kentmak__wood", "marble": "neg/kentmak__marble", "snare": "neg/cajon__snr0", "kick": "neg/cajon__kck0",
    "harmonica": "neg/coenbuller__harmonica", "keys": "neg/bucklespring", "a word": "speech/picovoice__alexa",
    "cymbal": "neg/dirt__808cy", "tom": "neg/dirt__mt_",
}  # fmt: skip
EACH, OTHERS, TAUGHT, DRAWS = 24, 120, 4, 10
LONGEST = 12 * 16_000


def windows(yamnet: YamNet, recording: Recording, rng: np.random.Generator) -> list[TaughtWindow]:
    """Return what the service would publish of a recording in a quiet room, the sound anywhere in the windows."""
    samples = recording.samples()[:LONGEST]
    begin = SAMPLES - int(rng.integers(0, LABEL_EVERY))
    heard = 1e-4 * rng.standard_normal(len(samples) + 2 * SAMPLES).astype(np.float32)
    heard[begin : begin + len(samples)] += samples
    found = []
    for at in range(SAMPLES, len(heard) + 1, LABEL_EVERY):
        window = heard[at - SAMPLES : at]
        peak = float(np.abs(window).max())
        if peak >= 1e-3:
            found.append(TaughtWindow("", at / 16_000, peak, packed(sound_vector(yamnet.run(window).features)), ()))
    return found


def lesson(examples: Sequence[Sequence[TaughtWindow]]) -> tuple[list[np.ndarray], float] | None:
    """Return the vectors and the threshold that a lesson of these examples gives; None where they are not alike."""
    taught, began = Lesson(0.0), 0.0
    for example in examples:
        for window in example:
            taught.add(TaughtWindow("", began + window.timestamp, window.peak, window.vector, ()))
        began += 30.0
    proposal = taught.proposal()
    if proposal is None:
        return None
    return [unpacked(window.vector) for one in taught.kept() for window in one], proposal["threshold"]


def main() -> None:
    """Run."""
    shared = Path(os.environ.get("CLAPTRAP_SHARED", ROOT.parent / "shared"))
    yamnet = load_yamnet(shared / "models" / "yamnet.tflite")
    rng = np.random.default_rng(0)
    heard: dict[str, list[list[TaughtWindow]]] = defaultdict(list)
    by_group: dict[str, list[Recording]] = defaultdict(list)
    for recording in recordings(shared / "audio"):
        name = next((group for group, begin in GROUPS.items() if recording.name.startswith(begin)), recording.kind)
        by_group[name].append(recording)
    for name, group in by_group.items():
        if name in GROUPS or name in {"speech", "music", "neg"}:
            few = rng.permutation(len(group))[: EACH if name in GROUPS else OTHERS]
            heard[name] = [some for i in few if (some := windows(yamnet, group[i], rng))]
    vectors = {name: [np.stack([unpacked(w.vector) for w in one]) for one in group] for name, group in heard.items()}
    table: dict[str, dict[str, float]] = {}
    for name in GROUPS:
        found, tested, false_groups, of_groups, false_windows, of_windows, refused = 0, 0, 0, 0, 0, 0, 0
        for _ in range(DRAWS):
            order = rng.permutation(len(heard[name]))
            taught = lesson([heard[name][i] for i in order[:TAUGHT]])
            if taught is None:
                refused += 1
                continue
            examples, threshold = np.stack(taught[0]), taught[1]
            hits = [bool((vectors[name][i] @ examples.T).max() >= threshold) for i in order[TAUGHT:]]
            found, tested = found + sum(hits), tested + len(hits)
            for other, ones in vectors.items():
                scores = [(one @ examples.T).max(axis=1) >= threshold for one in ones]
                if other in GROUPS and other != name:
                    false_groups, of_groups = false_groups + sum(s.any() for s in scores), of_groups + len(scores)
                elif other != name:
                    false_windows += sum(int(s.sum()) for s in scores)
                    of_windows += sum(len(s) for s in scores)
        table[name] = {
            "recall": round(found / max(1, tested), 3),
            "recordings of other groups": round(false_groups / max(1, of_groups), 4),
            "windows of speech, music, other sounds": round(false_windows / max(1, of_windows), 5),
            "lessons refused": refused,
        }
        print(name, table[name], flush=True)
    date = datetime.now(UTC).date().isoformat()
    mean = {key: round(float(np.mean([row[key] for row in table.values()])), 4) for key in next(iter(table.values()))}
    result = {
        "date": date,
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "examples": TAUGHT,
        "draws": DRAWS,
        "mean": mean,
        "groups": table,
    }
    path = RESULTS / f"taught-sounds-{date}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(mean, path.relative_to(ROOT))


if __name__ == "__main__":
    main()
