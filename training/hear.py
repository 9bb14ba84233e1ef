"""What YAMNet makes of every example, at the early and at the last look: the very call that the judge makes."""

from __future__ import annotations

from multiprocessing import Pool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import AFTER
from claptrap.detect.confirm import EARLY, LATE
from claptrap.detect.yamnet import FEATURES, SAMPLES, YamNet, load_yamnet
from training import examples

BLOCK = 500
_yamnet: YamNet | None = None
_windows: NDArray[np.int16] | None = None


def _open(model: Path, folder: Path) -> None:
    global _yamnet, _windows  # what a worker process works with
    _yamnet, _windows = load_yamnet(model), examples.samples(folder)


def _work(begin: int) -> NDArray[np.float16]:
    assert _yamnet is not None
    assert _windows is not None
    block = (
        _windows[begin : begin + BLOCK].astype(np.float32) / 32767
    )  # the scale is lost on YAMNet: it hears normalised windows
    out = np.zeros((len(block), 2, FEATURES), np.float16)
    for i, x in enumerate(block):
        for k, look in enumerate((EARLY, LATE)):
            heard = x[: examples.BEFORE + AFTER[look]]
            out[i, k] = _yamnet.hear(np.pad(heard, (SAMPLES - len(heard), 0))).features
    return out


def hear(model: Path, folder: Path, processes: int = 2) -> None:
    """Write ``features.npy`` (n, 2, FEATURES) float16 beside the examples of ``folder``."""
    n = len(examples.samples(folder))
    out = np.lib.format.open_memmap(folder / "features.part.npy", "w+", np.float16, (n, 2, FEATURES))
    with Pool(processes, _open, (model, folder)) as pool:
        for begin, features in zip(range(0, n, BLOCK), pool.imap(_work, range(0, n, BLOCK)), strict=True):
            out[begin : begin + BLOCK] = features
    out.flush()
    (folder / "features.part.npy").rename(folder / "features.npy")
