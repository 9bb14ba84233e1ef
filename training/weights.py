"""How weights are written: 8 bits with one scale per output, in a file of which every byte is decided."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NEVER = (1980, 1, 1, 0, 0, 0)  # a zip wants a date; this one makes equal weights equal files


def narrowed(name: str, array: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Return an array (…, outputs) as int8 ``name`` with float32 ``name_scale`` (outputs,)."""
    scale = np.maximum(np.abs(array).reshape(-1, array.shape[-1]).max(axis=0), 1e-9) / 127
    return {name: np.round(array / scale).astype(np.int8), f"{name}_scale": scale.astype(np.float32)}


def packed(weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays of ``confirm.npz`` as they are written, of what ``load_weights`` gave.

    Weights of the heads on YAMNet are in 8 bits. Those on the embedded model's hidden values are in 16: these values vary by
    a factor of a hundred, and one scale per output would lose the large ones.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, array in weights.items():
        if name.endswith("_w"):
            is_alone = name.startswith("alone")
            arrays |= {name: np.asarray(array, np.float16)} if is_alone else narrowed(name, np.asarray(array, np.float32))
        elif not name.endswith("_w_scale"):
            arrays[name] = np.asarray(array, np.float32)
    return arrays


def write(path: Path, arrays: dict[str, NDArray[Any]]) -> int:
    """Write what ``claptrap.detect.clapnet.load_weights`` reads; return its size in bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, array in sorted(arrays.items()):
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array, order="C"), allow_pickle=False)
            file.writestr(zipfile.ZipInfo(f"{name}.npy", _NEVER), content.getvalue(), zipfile.ZIP_DEFLATED, 9)
    return path.stat().st_size
