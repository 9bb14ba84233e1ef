"""YAMNet's features of examples at the early and the last decision point, by the very call that the classifier makes.

The classifier runs YAMNet only on what the embedded model does not reject, so nothing else is needed to learn from.
"""

from __future__ import annotations

from multiprocessing import Pool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import AFTER, BEFORE, DECISION_POINTS, PATCH, load_clapnet, log_mel
from claptrap.detect.confirm import EARLY, LATE
from claptrap.detect.slot import fill_silence
from claptrap.detect.yamnet import FEATURES, SAMPLES, YamNet, load_yamnet
from training import examples
from training.recordings import LEFT_OUT, part_of

BLOCK = 250
LEAST = {0: -5.18, 1: -5.44}  # log-odds at the first two looks, two below those for which the judge asked when first heard
_yamnet: YamNet | None = None
_windows: NDArray[np.int16] | None = None
_scale: NDArray[np.float32] | None = None


def _open(model: Path, folder: Path) -> None:
    global _yamnet, _windows, _scale  # noqa: PLW0603  # what a worker process works with
    _yamnet, _windows = load_yamnet(model), examples.samples(folder)
    with np.load(folder / "examples.npz") as file:
        _scale = file["scale"]


def _work(rows: NDArray[np.int64]) -> NDArray[np.float16]:
    assert _yamnet is not None
    assert _windows is not None
    assert _scale is not None
    out = np.zeros((len(rows), 2, FEATURES), np.float16)
    for i, row in enumerate(rows.tolist()):
        x = _windows[row].astype(np.float32) / 32767 * _scale[row]
        for k, look in enumerate((EARLY, LATE)):
            heard = fill_silence(x[: examples.BEFORE + AFTER[look]].copy())
            out[i, k] = _yamnet.run(np.pad(heard, (SAMPLES - len(heard), 0))).features
    return out


def extract_features(model: Path, folder: Path, processes: int = 2, worth: NDArray[np.bool_] | None = None) -> None:
    """Write ``features.npy`` (n, 2, FEATURES) float16 beside the examples of ``folder``.

    With ``worth`` (n,) only those are heard, the others are zero, and the file is ``features-worth.npy``.
    """
    n = len(examples.samples(folder))
    rows = np.arange(n) if worth is None else np.flatnonzero(worth)
    blocks = [rows[a : a + BLOCK] for a in range(0, len(rows), BLOCK)]
    out = np.lib.format.open_memmap(folder / "features.part.npy", "w+", np.float16, (n, 2, FEATURES))
    with Pool(processes, _open, (model, folder)) as pool:
        for block, features in zip(blocks, pool.imap(_work, blocks), strict=True):
            out[block] = features
    out.flush()
    (folder / "features.part.npy").rename(folder / ("features.npy" if worth is None else "features-worth.npy"))


def worth_extracting(folder: Path) -> NDArray[np.bool_]:
    """Return (n,): the claps, and what the embedded model that ships does not dismiss at its first two looks."""
    path = folder / "worth.npy"
    if not path.exists():
        with np.load(folder / "examples.npz") as file:
            scale, is_clap = file["scale"], file["is_clap"]
            left_out = np.array([part_of(name) == LEFT_OUT for name in file["recording"].tolist()])
        net, windows, begin = load_clapnet(), examples.samples(folder), examples.BEFORE - BEFORE
        passed = np.zeros(len(windows), np.bool_)
        for a in range(0, len(windows), BLOCK):
            x = windows[a : a + BLOCK, begin : begin + PATCH].astype(np.float32) / 32767 * scale[a : a + BLOCK, None]
            patches = log_mel(np.stack([fill_silence(row) for row in x]))
            passed[a : a + BLOCK] = np.all([net.logits(patches, DECISION_POINTS[i]) > z for i, z in LEAST.items()], axis=0)
        np.save(path, (is_clap | passed) & ~left_out)
    found: NDArray[np.bool_] = np.load(path)
    return found
