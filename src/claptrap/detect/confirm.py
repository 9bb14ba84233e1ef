"""How log-odds become scores, when a look is enough, and what YAMNet's hearing adds. The numbers come from ``training/``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import LOOKS, load_weights
from claptrap.detect.yamnet import Hearing

EARLY, LATE = 1, len(LOOKS) - 1  # the looks at which YAMNet is asked


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a look makes of a candidate.

    Attributes:
        score: [0, 1].
        sure: whether to rule now rather than to look again.
    """

    score: float
    sure: bool


class Confirmer:
    """Weighs what the models say. All scores are calibrated so that 0.5 is the recommended threshold.

    Args:
        weights: for each of ``early`` and ``late`` the head on YAMNet's features: ``…_w`` (FEATURES, h), ``…_b`` (h,),
            ``…_out`` (h,), ``…_out_b`` (). Slope and offset of scores: ``head_scale`` (2, 2) for the heads,
            ``alone_scale`` (4, 2) for the embedded model at each look. Log-odds below the first or above the second of
            which a look
            is enough: ``head_sure`` (2,) for the early head, ``alone_sure`` (4, 2) for the embedded model without YAMNet,
            and ``ask_from`` (4,): least log-odds at each look for which YAMNet is worth asking.
    """

    def __init__(self, weights: dict[str, NDArray[Any]]) -> None:
        w = {name: np.asarray(array, np.float32) for name, array in weights.items()}
        self._heads = {look: _Head(w, name) for look, name in ((EARLY, "early"), (LATE, "late"))}
        self._head_scale = {EARLY: w["head_scale"][0], LATE: w["head_scale"][1]}
        self._head_sure = w["head_sure"]
        self._alone_scale, self._alone_sure = w["alone_scale"], w["alone_sure"]
        self._ask_from = w["ask_from"]

    def alone(self, logit: float, look: int) -> Opinion:
        """Weigh what the embedded model says, where there is nobody else to ask."""
        low, high = self._alone_sure[look].tolist()
        return Opinion(_score(logit, self._alone_scale[look]), not low <= logit <= high)

    def worth_asking(self, logit: float, look: int) -> bool:
        """Return whether YAMNet could still make a clap of what the embedded model gives ``logit``."""
        return logit >= float(self._ask_from[look])

    def dismissed(self, logit: float, look: int) -> float:
        """Return the score of a candidate that is not worth asking about: below any threshold that somebody would choose."""
        return min(0.05, _score(logit, self._alone_scale[look]))

    def asked(self, hearing: Hearing, look: int) -> Opinion:
        """Weigh what YAMNet hears at ``EARLY`` or ``LATE``."""
        logit = self._heads[look].logit(hearing.features)
        low, high = self._head_sure.tolist()
        return Opinion(_score(logit, self._head_scale[look]), look == LATE or not low <= logit <= high)


class _Head:
    """A perceptron of one hidden layer."""

    def __init__(self, weights: dict[str, NDArray[np.float32]], name: str) -> None:
        self._w, self._b, self._out, self._out_b = (weights[f"{name}_{part}"] for part in ("w", "b", "out", "out_b"))

    def logit(self, features: NDArray[np.float32]) -> float:
        return float(np.maximum(features @ self._w + self._b, 0) @ self._out + self._out_b)


def load_confirmer() -> Confirmer:
    """Return the numbers that ship with the package."""
    return Confirmer(load_weights("confirm.npz"))


def _score(logit: float, scale: NDArray[np.float32]) -> float:
    slope, offset = scale.tolist()
    return float(1 / (1 + np.exp(-np.clip(slope * logit + offset, -30, 30))))
