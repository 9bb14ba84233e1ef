"""Matching: how the likeness of a candidate to the examples of a profile changes its score.

The rules that weigh log-odds and similarities were learnt once by ``training`` and ship; nothing is trained where ClapTrap
runs. There is one per decision: 0 to 3 for the embedded model alone at each decision point, then those of ``YAMNET_LAYERS``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import load_weights
from claptrap.detect.confirm import ModelScore
from claptrap.detect.embedding import LAYERS, Embedding
from claptrap.detect.profile import Profile

COMPARED = ((0,), (1,), (2,), (3,), (1, 4), (3, 4, 5))  # the layers compared at each decision; the last is that of marks
MOST_COUNTED = 8  # as many claps were enrolled where the rules were learnt; more are worth as much
ALIKE = 0.5  # similarity to a given clap from which on the embedded model may not reject a candidate


@dataclass(frozen=True, slots=True, eq=False)
class LayerSpace:
    """Where the vectors of one layer are compared.

    Attributes:
        axes: (d, d), and offset: (d,), which whiten the layer.
    """

    axes: NDArray[np.float32]
    offset: NDArray[np.float32]

    def direction(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a vector (d,) whitened and of unit length."""
        white: NDArray[np.float32] = vector @ self.axes + self.offset
        white /= math.sqrt(float(white @ white)) + 1e-9
        return white


@dataclass(frozen=True, slots=True)
class Weights:
    """What log-odds and similarities weigh at one decision, for a number of claps that is known.

    Attributes:
        above, below: of positive and of negative log-odds by the models.
        similar: of the similarity to the nearest clap and to the centre of the claps, in each layer that is compared.
        constant: added.
        floor: log-odds that are the most to be taken from what the models say: a stranger who is clearly heard stays heard.
    """

    above: float
    below: float
    similar: tuple[float, ...]
    constant: float
    floor: float

    def log_odds(self, by_models: float, similar: Sequence[float]) -> float:
        """Return the log-odds by the profile."""
        weighed = (self.above if by_models > 0 else self.below) * by_models + self.constant
        weighed += sum(weight * similarity for weight, similarity in zip(self.similar, similar, strict=True))
        return max(weighed, by_models - self.floor)


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """What similarities weigh at one decision.

    Attributes:
        weights: of positive and negative log-odds, of the similarities (as in ``Weights``), of each of these times ln n, of
            ln n itself, for n claps, and the constant.
        floor: as in ``Weights``.
        decisive: log-odds below the first and above the second of which a score is decisive.
        mark: similarity to the nearest mark from which log-odds are taken away, and how many at a similarity of 1.
    """

    weights: tuple[float, ...]
    floor: float
    decisive: tuple[float, float]
    mark: tuple[float, float]

    def weights_for(self, n: int) -> Weights:
        """Return the weights for a profile of ``n`` ≥ 1 claps."""
        count, (above, below, *rest, of_count, constant) = math.log(min(n, MOST_COUNTED)), self.weights
        half = len(rest) // 2
        similar = tuple(w + by_count * count for w, by_count in zip(rest[:half], rest[half:], strict=True))
        return Weights(above, below, similar, constant + of_count * count, self.floor)


@dataclass(frozen=True, slots=True)
class Rules:
    """What ships: a space per layer and a rule per decision."""

    spaces: tuple[LayerSpace, ...]
    decisions: tuple[DecisionRule, ...]


def load_rules() -> Rules:
    """Return the rules that ship with the package."""
    w = load_weights("profile.npz")
    axes = [w[f"axes{i}"].astype(np.float32) for i in range(LAYERS)]
    spaces = (LayerSpace(one, -w[f"mean{i}"].astype(np.float32) @ one) for i, one in enumerate(axes))
    decisions = (
        DecisionRule(
            tuple(w[f"weights{i}"].tolist()),
            float(w["floor"][i]),
            (float(w["decisive"][i, 0]), float(w["decisive"][i, 1])),
            (float(w["mark"][i, 0]), float(w["mark"][i, 1])),
        )
        for i in range(LAYERS)
    )
    return Rules(tuple(spaces), tuple(decisions))


class _Examples:
    """The examples of a profile in one layer."""

    def __init__(self, space: LayerSpace, profile: Profile, layer: int) -> None:
        self.space = space
        known = [(e.is_clap, space.direction(v)) for e in profile.examples if (v := e.embedding.layer(layer)) is not None]
        claps, marks = ([vector for is_clap, vector in known if is_clap is kind] for kind in (True, False))
        self.n_claps = len(claps)
        self._marks = np.stack(marks) if marks else None
        if claps:
            centre = np.mean(claps, axis=0)
            self._claps = np.stack([*claps, centre / (np.linalg.norm(centre) + np.float32(1e-9))])

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be compared with."""
        return not self.n_claps and self._marks is None

    def to_claps(self, direction: NDArray[np.float32]) -> tuple[float, float]:
        """Return the similarity to the nearest clap and to the centre of the claps; there are some."""
        *each, centre = (self._claps @ direction).tolist()
        return max(each), centre

    def to_marks(self, direction: NDArray[np.float32]) -> float:
        """Return the similarity to the nearest mark; −1 without marks."""
        return -1.0 if self._marks is None else float((self._marks @ direction).max())


class ProfileMatcher:
    """Scores candidates by what the models say and what a profile holds. An empty profile changes nothing.

    Args:
        profile: the examples.
        rules: ``load_rules``.
    """

    def __init__(self, profile: Profile, rules: Rules) -> None:
        self.profile = profile
        self._decisions = rules.decisions
        self._layers = [_Examples(space, profile, i) for i, space in enumerate(rules.spaces)]
        n_of = [self._layers[compared[-1]].n_claps for compared in COMPARED]
        self._weights = [rule.weights_for(n) if n else None for rule, n in zip(rules.decisions, n_of, strict=True)]

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return not self.profile.examples

    def score(
        self, scored: ModelScore, decision: int, hidden: Sequence[NDArray[np.float32]], *, is_last: bool
    ) -> ModelScore:
        """Return the score of a candidate by the profile.

        Args:
            scored: what the models say.
            decision: 0 to 5.
            hidden: the candidate's vectors in the layers ``COMPARED`` at it.
            is_last: whether there is no later decision.
        """
        layers = [self._layers[number] for number in COMPARED[decision]]
        if layers[-1].is_empty:
            return scored
        rule, weights = self._decisions[decision], self._weights[decision]
        directions = [layer.space.direction(vector) for layer, vector in zip(layers, hidden, strict=True)]
        likely = min(max(scored.score, 1e-12), 1 - 1e-12)
        log_odds, is_decisive = math.log(likely / (1 - likely)), scored.is_decisive
        if weights is not None:
            similar = [s for layer, direction in zip(layers, directions, strict=True) for s in layer.to_claps(direction)]
            log_odds = weights.log_odds(log_odds, similar)
            low, high = rule.decisive
            is_decisive = not low <= log_odds <= high
        start, most = rule.mark
        penalty = most * max(0.0, layers[-1].to_marks(directions[-1]) - start) / (1 - start)
        is_decisive = is_decisive and not (penalty and log_odds > 0)
        log_odds = min(max(log_odds - penalty, -30.0), 30.0)
        return ModelScore(1 / (1 + math.exp(-log_odds)), is_decisive or is_last)

    def score_embedding(self, scored: ModelScore, decision: int, embedding: Embedding, *, is_last: bool) -> ModelScore:
        """Return ``score`` of a candidate that is known by its embedding, which has the layers compared at ``decision``."""
        hidden = [vector for number in COMPARED[decision] if (vector := embedding.layer(number)) is not None]
        return self.score(scored, decision, hidden, is_last=is_last)

    def resembles_a_clap(self, point: int, hidden: NDArray[np.float32]) -> bool:
        """Return whether a candidate is so close to a clap of the profile that the embedded model may not reject it."""
        layer = self._layers[point]
        return layer.n_claps > 0 and layer.to_claps(layer.space.direction(hidden))[0] >= ALIKE
