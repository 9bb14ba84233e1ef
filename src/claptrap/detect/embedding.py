"""Embeddings: what the hidden layers of the models hold for one candidate, by which candidates are compared."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import AFTER, DECISION_POINTS, ClapNet, StoredWeights, log_mel
from claptrap.detect.confirm import EARLY, LATE, Confirmer
from claptrap.detect.yamnet import YamNet

NET_HIDDEN, HEAD_HIDDEN = 64, 96  # of the embedded model, and of each head on YAMNet
POINTS = len(DECISION_POINTS)
YAMNET_LAYERS = {EARLY: POINTS, LATE: POINTS + 1}  # numbers of the layers of YAMNet's heads; below, the embedded model's
LAYERS = POINTS + len(YAMNET_LAYERS)
_BOUND: dict[str, tuple[str, ...]] = {"clapnet.npz": (), "confirm.npz": ("early_w", "early_b", "late_w", "late_b")}


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """One candidate, as far as ``AFTER[-1]`` samples after its onset.

    Attributes:
        net: float32 (4, 64), the embedded model's hidden layer at each decision point, before it is rectified.
        yamnet: float32 (2, 96), the hidden layers of the early and of the late head on YAMNet's features; None where YAMNet
            was not there.
    """

    net: NDArray[np.float32]
    yamnet: NDArray[np.float32] | None

    def layer(self, number: int) -> NDArray[np.float32] | None:
        """Return the vector of layer ``number``, 0 to ``LAYERS`` − 1; None if it needs YAMNet and that was not there."""
        layers: list[NDArray[np.float32]] = [*self.net, *(() if self.yamnet is None else self.yamnet)]
        return layers[number] if number < len(layers) else None

    def to_json(self) -> dict[str, str | None]:
        """Return the JSON form: each array as 16-bit numbers in base64."""
        return {"net": _packed(self.net), "yamnet": None if self.yamnet is None else _packed(self.yamnet)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Embedding:
        """Rebuild it from ``to_json``'s form. Raises ValueError on anything else."""
        yamnet = document.get("yamnet")
        return cls(
            _unpacked(document.get("net"), (POINTS, NET_HIDDEN)),
            None if yamnet is None else _unpacked(yamnet, (len(YAMNET_LAYERS), HEAD_HIDDEN)),
        )


@functools.cache
def models_version() -> str:
    """Return 16 hex digits that change with the weights that make embeddings: embeddings of two versions do not compare."""
    digest = hashlib.sha256()
    for file, names in _BOUND.items():
        weights = StoredWeights(file)
        for name in names or sorted(weights):
            digest.update(name.encode() + np.ascontiguousarray(weights[name], np.float32).tobytes())
    return digest.hexdigest()[:16]


class Window(Protocol):
    """The newest sound of a stream, as the models are given it."""

    def patch(self, onset: int, heard: int) -> NDArray[np.float32]:
        """Return the samples (BEFORE + heard,) from ``BEFORE`` before the onset to ``heard`` after it."""

    def context(self, onset: int, end: int) -> NDArray[np.float32]:
        """Return YAMNet's window (15600,) up to sample ``end``."""


def embed(
    window: Window,
    onset: int,
    clapnet: ClapNet,
    confirmer: Confirmer,
    yamnet: YamNet | None,
    known: Mapping[int, NDArray[np.float32]] | None = None,
) -> Embedding:
    """Return the embedding of the candidate at sample ``onset``; ``AFTER[-1]`` samples after it must have been heard.

    The models need not run again for its layers that are ``known``, by their numbers.
    """
    known = known or {}
    net = [
        known[point] if point in known else clapnet.run(log_mel(window.patch(onset, heard)[None]), frames)[1][0]
        for point, (heard, frames) in enumerate(zip(AFTER, DECISION_POINTS, strict=True))
    ]
    if yamnet is None:
        return Embedding(np.stack(net), None)
    heads = [
        known[layer] if layer in known else confirmer.head(yamnet.run(window.context(onset, onset + AFTER[p])), p).hidden
        for p, layer in YAMNET_LAYERS.items()
    ]
    return Embedding(np.stack(net), np.stack(heads))


def _packed(array: NDArray[np.float32]) -> str:
    return base64.b64encode(array.astype("<f2").tobytes()).decode("ascii")


def _unpacked(text: object, shape: tuple[int, int]) -> NDArray[np.float32]:
    if not isinstance(text, str):
        raise ValueError("an embedding is base64 text")  # noqa: TRY004  # one error for all that is wrong with a document
    try:
        values = np.frombuffer(base64.b64decode(text, validate=True), "<f2").astype(np.float32)
    except binascii.Error as error:
        raise ValueError(f"an embedding is not base64 ({error})") from error
    if values.size != shape[0] * shape[1] or not np.isfinite(values).all():
        raise ValueError(f"an embedding has {shape[0]} × {shape[1]} finite numbers")
    return values.reshape(shape)
