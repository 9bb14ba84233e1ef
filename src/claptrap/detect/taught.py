"""Sounds that a person has taught by a few examples, compared by YAMNet's embedding: its last layer, averaged over a window.

Embeddings are centred and scaled to unit length, and the nearest example counts, by the cosine: what does best with few
examples (Y. Wang et al., "SimpleShot: Revisiting nearest-neighbor classification for few-shot learning", 2019). The root
keeps strong units from ruling. A projection by random signs (D. Achlioptas, "Database-friendly random projections", 2003)
makes 256 numbers of 1,024, so that an example takes 256 bytes.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import load_weights

POOLED, DIMENSIONS = 1024, 256  # of YAMNet's features, the first are the mean of its last layer
FloatArray = NDArray[np.float32]


@functools.cache
def _projection() -> FloatArray:
    bits = hashlib.shake_256(b"claptrap taught sounds").digest(POOLED * DIMENSIONS // 8)
    signs = np.unpackbits(np.frombuffer(bits, np.uint8)).reshape(POOLED, DIMENSIONS)
    projection: FloatArray = (signs * np.float32(2) - 1) / np.float32(np.sqrt(DIMENSIONS))
    return projection


@functools.cache
def _centre() -> FloatArray:
    """Return the mean root of the embeddings of many sounds (``training.taught``): (POOLED,)."""
    centre: FloatArray = load_weights("taught.npz")["centre"].astype(np.float32)
    return centre


def sound_vector(features: FloatArray) -> FloatArray:
    """Return (DIMENSIONS,) of unit length for YAMNet's features (≥ POOLED,) of a window."""
    return _unit((np.sqrt(features[:POOLED]) - _centre()) @ _projection())


def packed(vector: FloatArray) -> str:
    """Return a vector of unit length as base64 of 8-bit numbers."""
    return base64.b64encode(np.round(vector / np.abs(vector).max() * 127).astype(np.int8).tobytes()).decode()


def unpacked(text: str) -> FloatArray:
    """Return the vector (DIMENSIONS,) of unit length that ``packed`` wrote. Raises ValueError on anything else."""
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(content) != DIMENSIONS or not any(content):
        raise ValueError(f"not {DIMENSIONS} numbers")
    return _unit(np.frombuffer(content, np.int8).astype(np.float32))


def similarity(examples: Sequence[FloatArray], vector: FloatArray) -> float:
    """Return the greatest cosine, −1…1, of a vector of unit length to any of the examples (n ≥ 1)."""
    return float((np.stack(examples) @ vector).max())


def _unit(vector: FloatArray) -> FloatArray:
    unit: FloatArray = vector / (np.linalg.norm(vector) + np.float32(1e-9))
    return unit
