"""From log-odds to scores: 0.5 is where look-alikes are taken for claps a few times an hour, whichever look ruled.

Always found on sounds that the model has not learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import DECISION_POINTS
from claptrap.detect.confirm import EARLY, LATE
from training.mixtures import EARLY_MIX, FEW, FEW_FA, LATE_MIX
from training.recordings import FloatArray
from training.scenes import Answers

# False alarms an hour in the scene of look-alikes that each threshold may cost; chosen so that the whole stays below 10.
LATE_FA, EARLY_FA, EARLY_SURE_FA = 6.0, 6.0, 4.0
ALONE_FA, ALONE_SURE_FA = 9.0, 2.0
GIVEN_UP = 0.004  # share of claps that each early dismissal may cost where the embedded model is alone
TO_SPARE = 1.0  # where it is not: log-odds below the least of any clap, as strangers' claps are given less


@dataclass(frozen=True, slots=True)
class Calibration:
    """The numbers of ``claptrap.detect.confirm.Confirmer``, by their names there."""

    early_mix: NDArray[np.float64]
    late_mix: NDArray[np.float64]
    mixed_scale: NDArray[np.float64]
    early_sure: NDArray[np.float64]
    alone_scale: NDArray[np.float64]
    alone_sure: NDArray[np.float64]
    ask_from: NDArray[np.float64]

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return those that ship, by name: without YAMNet ``training.embedded_heads`` gives others."""
        kept = {name: getattr(self, name) for name in self.__slots__ if not name.startswith("alone")}
        return {**kept, "rejected_scale": self.alone_scale}


def calibrated(found: Answers) -> Calibration:
    """Return the calibration that fits ``found``."""
    early, late = _mixed(found)
    alone = [_scale(found, found.net[:, look], ALONE_FA) for look in range(len(DECISION_POINTS))]
    is_clap = found.scenes.is_clap
    sure = [
        (float(np.quantile(found.net[is_clap, look], GIVEN_UP)), _threshold(found, found.net[:, look], ALONE_SURE_FA))
        for look in range(len(DECISION_POINTS))
    ]
    return Calibration(
        early_mix=np.array(EARLY_MIX),
        late_mix=np.array(LATE_MIX),
        mixed_scale=np.array([_scale(found, early, EARLY_FA), _scale(found, late, LATE_FA)]),
        early_sure=np.array([_lowest(found, early), _threshold(found, early, EARLY_SURE_FA)]),
        alone_scale=np.array(alone),
        alone_sure=np.array(sure),
        ask_from=np.array([_lowest(found, found.net[:, look]) for look in range(len(DECISION_POINTS))]),
    )


def scores(found: Answers, scale: Calibration) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return what the judge would give every candidate with YAMNet: scores (n,) and the looks that ruled (n,)."""
    dismissed = [found.net[:, look] < scale.ask_from[look] for look in range(len(DECISION_POINTS))]
    mixed = _mixed(found)
    early, late = (_score(z, s) for z, s in zip(mixed, scale.mixed_scale, strict=True))
    low, high = scale.early_sure
    is_sure = (mixed[0] < low) | (mixed[0] > high)
    score, look = late.copy(), np.full(len(late), LATE)
    for rule, value, at in (
        (dismissed[LATE], 0.0, LATE), (dismissed[2], 0.0, 2), (is_sure, early, EARLY),
        (dismissed[EARLY], 0.0, EARLY), (dismissed[0], 0.0, 0),
    ):  # the later first: what an earlier look rules stands  # fmt: skip
        score, look = np.where(rule, value, score), np.where(rule, at, look)
    return score, look


def scores_alone(found: Answers, scale: Calibration) -> tuple[FloatArray, NDArray[np.int64]]:
    """Likewise without YAMNet."""
    score, look = np.zeros(len(found.late)), np.full(len(found.late), -1)
    for i in range(len(DECISION_POINTS)):
        z = found.net[:, i]
        low, high = scale.alone_sure[i]
        ruled = (look < 0) & ((z < low) | (z > high) | (i == LATE))
        score, look = np.where(ruled, _score(z, scale.alone_scale[i]), score), np.where(ruled, i, look)
    return score, look


def figures(found: Answers, score: FloatArray, threshold: float = 0.5) -> dict[str, float]:
    """Return recall per scene of claps, and false alarms an hour in the others."""
    scenes, out = found.scenes, {}
    for name, hours in scenes.hours.items():
        n = int(((scenes.scene == name) & (score >= threshold)).sum())
        claps = scenes.n_claps[name]
        out[f"{name} recall" if claps else f"{name} FA/h"] = round(n / claps if claps else n / hours, 4)
    return out


def _mixed(found: Answers) -> tuple[FloatArray, FloatArray]:
    """Return the log-odds of the early and of the late mixture."""
    e, n = EARLY_MIX, LATE_MIX
    early = e[0] * found.early + e[2] * found.net[:, EARLY]
    return early, n[0] * found.early + n[1] * found.late + n[2] * found.net[:, LATE]


def _threshold(found: Answers, z: FloatArray, per_hour: float) -> float:
    """Return the log-odds that so many look-alikes an hour exceed."""
    alike = np.sort(z[found.scenes.scene == "hard"])[::-1]
    return float(alike[min(len(alike) - 1, round(per_hour * found.scenes.hours["hard"]))])


def _lowest(found: Answers, z: FloatArray) -> float:
    """Return the log-odds below which nothing is a clap."""
    return float(z[found.scenes.is_clap].min()) - TO_SPARE


def _scale(found: Answers, z: FloatArray, per_hour: float) -> tuple[float, float]:
    """Return slope and offset: 0.5 at ``per_hour``, ``FEW`` at ``FEW_FA``."""
    middle, low = _threshold(found, z, per_hour), _threshold(found, z, FEW_FA)
    slope = np.log((1 - FEW) / FEW) / max(1e-3, middle - low)
    return float(slope), float(-slope * middle)


def _score(z: FloatArray, scale: NDArray[np.float64]) -> FloatArray:
    return 1 / (1 + np.exp(-np.clip(scale[0] * z + scale[1], -30, 30)))
