"""The centre of embeddings by which taught sounds are compared: ``python -m training.taught SHARED``.

The mean root of YAMNet's embedding over all windows of the training part's speech, music and other sounds.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from claptrap.detect.taught import POOLED
from claptrap.detect.yamnet import SAMPLES, load_yamnet
from training.recordings import TRAIN, recordings

WEIGHTS = Path(__file__).parent.parent / "src" / "claptrap" / "detect" / "weights" / "taught.npz"
LONGEST = 12 * 16_000


def main(shared: Path) -> None:
    """Write the weights."""
    yamnet = load_yamnet(shared / "models" / "yamnet.tflite")
    total, n = np.zeros(POOLED), 0
    for recording in recordings(shared / "audio"):
        if recording.part != TRAIN or recording.kind not in {"neg", "speech", "music"}:
            continue
        padded = np.pad(recording.samples()[:LONGEST], SAMPLES // 2)
        for at in range(SAMPLES, len(padded) + 1, SAMPLES):
            total += np.sqrt(yamnet.run(padded[at - SAMPLES : at]).features[:POOLED])
            n += 1
    np.savez(WEIGHTS, centre=(total / n).astype(np.float16))
    print(f"{n} windows")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
