"""Calibrated scores from log-odds, with and without YAMNet, and when they are decisive. Fitted in ``training/``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import DECISION_POINTS, StoredWeights
from claptrap.detect.yamnet import YamNetOutput

EARLY, LATE = 1, len(DECISION_POINTS) - 1  # the decision points at which YAMNet runs
_YAMNET_HEADS = tuple(f"{head}_{part}" for head in ("early", "late") for part in ("w", "b", "out", "out_b"))

# The early head, learnt from windows that end 112 ms after the onset, also hears one that ends at 72 ms, the first look; its
# log-odds are added to the embedded model's. Nothing that the later looks dismiss in four hours of look-alikes and everyday
# sound reaches FIRST_SURE; one candidate comes to between 2 and 3 (training/README.md).
FIRST_ASK, FIRST_SURE = 0.27, 3.0
FIRST_SCALE = np.array([0.9, 2.2], np.float32)  # of their sum, to the log-odds that the later looks come to in the mean


@dataclass(frozen=True, slots=True)
class ModelScore:
    """A candidate's score at one decision point.

    Attributes:
        score: [0, 1].
        is_decisive: whether to decide now rather than at a later point.
    """

    score: float
    is_decisive: bool


@dataclass(frozen=True, slots=True, eq=False)
class HeadOutput:
    """What a head makes of YAMNet's features, or the embedded model of a patch.

    Attributes:
        log_odds: of a clap.
        hidden: its hidden layer before it is rectified, (96,) of a head, (64,) of the embedded model.
    """

    log_odds: float
    hidden: NDArray[np.float32]


class Confirmer:
    """Combines the models' log-odds into scores in [0, 1], calibrated so that 0.5 is the recommended threshold.

    Args:
        weights: for each of ``early`` and ``late`` the head on YAMNet's features: ``…_w`` (FEATURES, h), ``…_b`` (h,),
            ``…_out`` (h,), ``…_out_b`` (), and ``…_mix`` (3,): how much the log-odds of the early head, the late head and
            the embedded model weigh at that decision point. For the embedded model without YAMNet, at each point, a head
            ``alone0_…`` to ``alone3_…`` on its hidden layer (``signed``), to whose log-odds its own are added ``alone_mix``
            () times. Slope and offset of scores: ``mixed_scale`` (2, 2) for the two mixtures, ``alone_scale`` (4, 2) for
            the embedded model without YAMNet, ``rejected_scale`` (4, 2) for what it rejects with it. Log-odds below the
            first or above the second of which a score is decisive: ``early_sure`` (2,) for the early mixture,
            ``alone_sure`` (4, 2) for the embedded model without YAMNet; and ``ask_from`` (4,): least log-odds at each point
            for which YAMNet runs.
    """

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        w = {name: np.asarray(weights[name], np.float32) for name in weights if name not in _YAMNET_HEADS}
        self._heads: dict[int, _Head] = {}
        self._to_unpack: Mapping[str, NDArray[Any]] | None = weights  # until YAMNet is there: its heads take 3 MB
        self._mix = {EARLY: w["early_mix"].tolist(), LATE: w["late_mix"].tolist()}
        self._mixed_scale = {EARLY: w["mixed_scale"][0], LATE: w["mixed_scale"][1]}
        self._early_sure = w["early_sure"].tolist()
        self._alone = [_Head(w, f"alone{point}") for point in range(len(DECISION_POINTS))]
        self._alone_mix = float(w["alone_mix"])
        self._alone_scale, self._alone_sure = w["alone_scale"], w["alone_sure"].tolist()
        self._rejected_scale = w["rejected_scale"]
        self._ask_from = w["ask_from"].tolist()

    def embedded_score(self, net: HeadOutput, point: int) -> ModelScore:
        """Return the score of what the embedded model makes of a candidate at point ``point``, 0 to 3, without YAMNet."""
        log_odds = self._alone_mix * net.log_odds + self._alone[point].run(signed(net.hidden)).log_odds
        low, high = self._alone_sure[point]
        return ModelScore(_score(log_odds, self._alone_scale[point]), not low <= log_odds <= high)

    def may_be_sure(self, alone: ModelScore) -> bool:
        """Return whether YAMNet could be sure, with the embedded model, of what that alone gives ``alone`` at first."""
        return alone.score >= FIRST_ASK

    def first_score(self, early: float, alone: ModelScore) -> ModelScore:
        """Return the score at the first look from the log-odds of the early head there and the embedded model's score."""
        likely = min(max(alone.score, 1e-6), 1 - 1e-6)
        both = early + math.log(likely / (1 - likely))
        return ModelScore(_score(both, FIRST_SCALE), both >= FIRST_SURE)

    def needs_yamnet(self, logit: float, point: int) -> bool:
        """Return whether YAMNet could still make a clap of what the embedded model gives ``logit`` at ``point``."""
        return bool(logit >= self._ask_from[point])

    def rejected_score(self, logit: float, point: int) -> float:
        """Return the score, ≤ 0.05, of a candidate for which YAMNet need not run: below any threshold in use."""
        return min(0.05, _score(logit, self._rejected_scale[point]))

    def head(self, output: YamNetOutput, point: int) -> HeadOutput:
        """Run the head of ``point``, ``EARLY`` or ``LATE``, on YAMNet's features."""
        return self._head(point).run(output.features)

    def head_log_odds(self, hidden: NDArray[np.float32], point: int) -> float:
        """Return the log-odds of a clap that the hidden layer (96,) of the head of ``point`` leads to."""
        return self._head(point).log_odds(hidden)

    def early_score(self, early: float, logit: float) -> ModelScore:
        """Return the score at ``EARLY`` from the log-odds of the early head and of the embedded model."""
        of_early, _, of_net = self._mix[EARLY]
        mixed = of_early * early + of_net * logit
        low, high = self._early_sure
        return ModelScore(_score(mixed, self._mixed_scale[EARLY]), not low <= mixed <= high)

    def late_score(self, early: float, late: float, logit: float) -> ModelScore:
        """Return the score at ``LATE``, always decisive, from the log-odds of both heads and of the embedded model."""
        of_early, of_late, of_net = self._mix[LATE]
        return ModelScore(
            _score(of_early * early + of_late * late + of_net * logit, self._mixed_scale[LATE]), is_decisive=True
        )

    def _head(self, point: int) -> _Head:
        if (weights := self._to_unpack) is not None:
            w = {name: np.asarray(weights[name], np.float32) for name in _YAMNET_HEADS}
            self._heads = {EARLY: _Head(w, "early"), LATE: _Head(w, "late")}
            self._to_unpack = None  # in this order: another thread that finds None finds the heads
        return self._heads[point]


class _Head:
    """A perceptron of one hidden layer."""

    def __init__(self, weights: dict[str, NDArray[np.float32]], name: str) -> None:
        self._w, self._b, self._out, self._out_b = (weights[f"{name}_{part}"] for part in ("w", "b", "out", "out_b"))

    def run(self, features: NDArray[np.float32]) -> HeadOutput:
        hidden: NDArray[np.float32] = features @ self._w + self._b
        return HeadOutput(self.log_odds(hidden), hidden)

    def log_odds(self, hidden: NDArray[np.float32]) -> float:
        return float(np.maximum(hidden, 0) @ self._out + self._out_b)


def signed(hidden: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (…, 2 h) of hidden values (…, h): their positive and their negative parts."""
    return np.concatenate([np.maximum(hidden, 0), np.minimum(hidden, 0)], axis=-1)


@cache
def load_confirmer() -> Confirmer:
    """Return the numbers that ship with the package, the same to all who ask."""
    return Confirmer(StoredWeights("confirm.npz"))


def _score(logit: float, scale: NDArray[np.float32]) -> float:
    slope, offset = scale.tolist()
    return 1 / (1 + math.exp(-min(30.0, max(-30.0, slope * logit + offset))))
