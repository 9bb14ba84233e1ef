"""How logits become scores, when a look is enough, and what YAMNet's hearing adds. The numbers come from ``training/``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import RATE_HZ
from claptrap.detect.clapnet import BEFORE, load_weights
from claptrap.detect.yamnet import SAMPLES, Hearing

MUTED_BEFORE = RATE_HZ // 20  # what the muted window keeps of the sound before the onset: 50 ms
_CENTRE = 5800  # where that begins in YAMNet's window, so that the sound stands in its middle


class Confirmer:
    """Weighs what the models say. All scores are calibrated so that 0.5 is the recommended threshold.

    Args:
        weights: ``head_context`` (1024,), ``head_alone`` (1024,), ``head_logit`` (), ``head_bias`` (): the fused logit;
            ``fused_scale`` (2,): slope and offset of its score;
            ``alone_scale`` (4, 2), ``early_scale`` (4, 2): slope and offset of the embedded model's score at each look, without
            and with YAMNet; ``alone_sure`` (3, 2), ``early_sure`` (3, 2): a logit below the first or above the second is enough;
            ``confirm_from`` (): the least logit at the last look for which YAMNet is asked.
    """

    def __init__(self, weights: dict[str, NDArray[Any]]) -> None:
        self._w = {name: np.asarray(array, np.float32) for name, array in weights.items()}

    def sure(self, logit: float, look: int, *, confirmable: bool) -> bool:
        """Return whether ``logit`` at a look before the last is enough."""
        low, high = self._w["early_sure" if confirmable else "alone_sure"][look]
        return bool(logit < low or logit > high)

    def alone(self, logit: float, look: int) -> float:
        """Return the score of the embedded model alone."""
        return _score(logit, self._w["alone_scale"][look])

    def early(self, logit: float, look: int) -> float:
        """Return the score of a look after which YAMNet was not asked, though it is there."""
        return _score(logit, self._w["early_scale"][look])

    def worth_confirming(self, logit: float) -> bool:
        """Return whether YAMNet could still make a clap of this."""
        return bool(logit >= self._w["confirm_from"])

    def confirmed(self, logit: float, context: Hearing, alone: Hearing) -> float:
        """Return the score of all three together."""
        w = self._w
        fused = (
            context.embedding @ w["head_context"]
            + alone.embedding @ w["head_alone"]
            + logit * w["head_logit"]
            + w["head_bias"]
        )
        return _score(float(fused), w["fused_scale"])

    @staticmethod
    def muted(heard: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return YAMNet's window (15,600) with only [onset − 50 ms, …) of ``heard`` in its middle, silence around.

        Args:
            heard: (n,) samples that begin ``BEFORE`` samples before the onset.
        """
        kept = heard[BEFORE - MUTED_BEFORE :]
        window = np.zeros(SAMPLES, np.float32)
        window[_CENTRE : _CENTRE + len(kept)] = kept
        return window


def load_confirmer() -> Confirmer:
    """Return the numbers that ship with the package."""
    return Confirmer(load_weights("confirm.npz"))


def _score(logit: float, scale: NDArray[np.float32]) -> float:
    slope, offset = scale.tolist()
    return float(1 / (1 + np.exp(-np.clip(slope * logit + offset, -30, 30))))
