"""Training sets: the examples of some parts in several renderings, one rendering in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import examples, network
from training.recordings import part_of
from training.yamnet_features import extract_features, worth_extracting

ROWS = 4000  # as many are read at once


@dataclass(frozen=True, slots=True)
class Rendering:
    """The examples of one rendering that may be learnt from.

    Attributes:
        folder: where they lie.
        rows: (n,) which of the folder's.
        is_clap, maker, kind: (n,) of each.
    """

    folder: Path
    rows: NDArray[np.int64]
    is_clap: NDArray[np.bool_]
    maker: NDArray[np.str_]
    kind: NDArray[np.str_]

    def without_applause(self) -> Rendering:
        """Return the same without claps out of applause: late looks at them hear the next one too."""
        kept = self.kind != "applause"
        return Rendering(self.folder, self.rows[kept], self.is_clap[kept], self.maker[kept], self.kind[kept])

    def features(self, look: int) -> NDArray[np.float16]:
        """(n, FEATURES) of YAMNet at the early (0) or the late (1) look."""
        return self._read("features" if (self.folder / "features.npy").exists() else "features-worth", look)

    def patches(self, shift: int) -> NDArray[np.float16]:
        """(n, FRAMES, MELS) in dB, the onset ``shift`` samples off."""
        return self._read(f"patches{shift}", ...)

    def _read(self, name: str, rest: object) -> NDArray[np.float16]:
        array = np.load(self.folder / f"{name}.npy", mmap_mode="r")
        first = array[:1][(slice(None), rest)]
        out = np.empty((len(self.rows), *first.shape[1:]), np.float16)
        for a in range(0, len(self.rows), ROWS):
            out[a : a + ROWS] = array[self.rows[a : a + ROWS]][(slice(None), rest)]
        return out


def prepared(
    recordings: Path,
    yamnet: Path,
    work: Path,
    seeds: Sequence[int],
    parts: Sequence[int],
    *,
    only_worth: bool,
    processes: int = 2,
) -> list[Rendering]:
    """Render, listen, and return the examples of some parts; what is in ``work`` already is used again.

    ``only_worth``: without patches, and without what the embedded model that ships dismisses: what heads alone learn from.
    """
    found = []
    for seed in seeds:
        folder = work / f"seed-{seed}"
        if not (folder / "examples.npz").exists():
            examples.make(recordings, folder, seed=seed, processes=processes)
        heard = ("features.npy", "features-worth.npy") if only_worth else ("features.npy",)
        if not any((folder / name).exists() for name in heard):
            extract_features(yamnet, folder, processes, worth_extracting(folder) if only_worth else None)
        with np.load(folder / "examples.npz") as file:
            chosen = np.array([part_of(name) in parts for name in file["recording"].tolist()])
            if only_worth:
                chosen &= worth_extracting(folder)
            else:
                _keep_patches(folder, file["scale"])
            rows = np.flatnonzero(chosen)
            kind = np.array([name.split("/")[0] for name in file["recording"][rows].tolist()])
            found.append(Rendering(folder, rows, file["is_clap"][rows], file["maker"][rows], kind))
    return found


def _keep_patches(folder: Path, scale: NDArray[np.float32]) -> None:
    for shift in network.JITTER:
        path = folder / f"patches{shift}.npy"
        if not path.exists():
            np.save(path, network.patches(examples.samples(folder), scale, shift))
