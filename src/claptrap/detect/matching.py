"""Matching: how the likeness of a candidate to the examples of a profile changes its score.

The rules that weigh log-odds and similarities were learnt once by ``training`` and ship; nothing is trained where ClapTrap
runs. There is one per decision: 0 to 3 for the embedded model alone at each decision point, then those of ``YAMNET_LAYERS``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import load_weights
from claptrap.detect.confirm import ModelScore
from claptrap.detect.embedding import LAYERS, Embedding
from claptrap.detect.profile import Profile

COMPARED = ((0,), (1,), (2,), (3,), (4,), (4, 5))  # the layers that are compared at each decision; the last is that of marks
ALIKE = 0.5  # similarity to a given clap from which on the embedded model may not reject a candidate


def rule_inputs(log_odds: NDArray[np.float64], similar: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Return what a rule weighs, (…, 3 + 4 · layers).

    Args:
        log_odds: (…,) of the score by the models.
        similar: (…, 2 · layers), to the nearest of ``n`` ≥ 1 claps and to their centre, in each layer that is compared.
        n: how many claps there are.
    """
    count = np.log(n)
    above, below = np.maximum(log_odds, 0)[..., None], np.minimum(log_odds, 0)[..., None]
    return np.concatenate([above, below, similar, similar * count, np.full_like(above, count)], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class LayerSpace:
    """Where the vectors of one layer are compared.

    Attributes:
        mean: (d,), and axes: (d, d), which whiten the layer.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]

    def direction(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (…, d) vectors whitened and of unit length."""
        white = (vectors - self.mean) @ self.axes
        unit: NDArray[np.float32] = white / (np.linalg.norm(white, axis=-1, keepdims=True) + np.float32(1e-9))
        return unit


@dataclass(frozen=True, slots=True, eq=False)
class DecisionRule:
    """What similarities weigh at one decision.

    Attributes:
        weights: of ``rule_inputs``, and the constant.
        floor: log-odds that are the least to be taken from what the models say: a stranger who is clearly heard stays heard.
        decisive: log-odds below the first and above the second of which a score is decisive.
        mark: similarity to the nearest mark from which log-odds are taken away, and how many at a similarity of 1.
    """

    weights: NDArray[np.float64]
    floor: float
    decisive: tuple[float, float]
    mark: tuple[float, float]

    def log_odds(self, by_models: NDArray[np.float64], similar: NDArray[np.float64], n: int) -> NDArray[np.float64]:
        """Return the log-odds (…,) by the profile; arguments as for ``rule_inputs``."""
        weighed = rule_inputs(by_models, similar, n) @ self.weights[:-1] + self.weights[-1]
        raised: NDArray[np.float64] = np.maximum(weighed, by_models - self.floor)
        return raised


@dataclass(frozen=True, slots=True)
class Rules:
    """What ships: a space per layer and a rule per decision."""

    spaces: tuple[LayerSpace, ...]
    decisions: tuple[DecisionRule, ...]


def load_rules() -> Rules:
    """Return the rules that ship with the package."""
    w = load_weights("profile.npz")
    spaces = (LayerSpace(w[f"mean{i}"].astype(np.float32), w[f"axes{i}"].astype(np.float32)) for i in range(LAYERS))
    decisions = (
        DecisionRule(
            w[f"weights{i}"].astype(np.float64),
            float(w["floor"][i]),
            (float(w["decisive"][i, 0]), float(w["decisive"][i, 1])),
            (float(w["mark"][i, 0]), float(w["mark"][i, 1])),
        )
        for i in range(LAYERS)
    )
    return Rules(tuple(spaces), tuple(decisions))


class _Examples:
    """The examples of a profile in one layer: (k, d) directions of claps and of marks; None where there are none."""

    def __init__(self, space: LayerSpace, profile: Profile, layer: int) -> None:
        self.space = space
        vectors = [(e.is_clap, v) for e in profile.examples if (v := e.embedding.layer(layer)) is not None]
        self.claps, self.marks = (
            space.direction(np.stack(chosen)) if (chosen := [v for is_clap, v in vectors if is_clap is kind]) else None
            for kind in (True, False)
        )
        if self.claps is not None:
            centre = self.claps.mean(axis=0)
            self._centre = centre / (np.linalg.norm(centre) + np.float32(1e-9))

    def to_claps(self, direction: NDArray[np.float32]) -> tuple[float, float]:
        """Return the similarity to the nearest clap and to the centre of the claps; there are some."""
        assert self.claps is not None  # noqa: S101  # the caller has looked
        return float((self.claps @ direction).max()), float(self._centre @ direction)


class ProfileMatcher:
    """Scores candidates by what the models say and what a profile holds. An empty profile changes nothing.

    Args:
        profile: the examples.
        rules: ``load_rules``.
    """

    def __init__(self, profile: Profile, rules: Rules) -> None:
        self.profile = profile
        self._rules = rules
        self._layers = [_Examples(space, profile, i) for i, space in enumerate(rules.spaces)]

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
        newest, rule = layers[-1], self._rules.decisions[decision]
        if newest.claps is None and newest.marks is None:
            return scored
        directions = [layer.space.direction(vector) for layer, vector in zip(layers, hidden, strict=True)]
        likely = min(max(scored.score, 1e-12), 1 - 1e-12)
        log_odds, is_decisive = float(np.log(likely / (1 - likely))), scored.is_decisive
        if newest.claps is not None:
            similar = [s for layer, direction in zip(layers, directions, strict=True) for s in layer.to_claps(direction)]
            log_odds = float(rule.log_odds(np.array(log_odds), np.array(similar), len(newest.claps)))
            low, high = rule.decisive
            is_decisive = not low <= log_odds <= high
        if newest.marks is not None:
            start, most = rule.mark
            penalty = most * max(0.0, float((newest.marks @ directions[-1]).max()) - start) / (1 - start)
            is_decisive &= not (penalty and log_odds > 0)
            log_odds -= penalty
        return ModelScore(float(1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))), is_decisive or is_last)

    def score_embedding(self, scored: ModelScore, decision: int, embedding: Embedding, *, is_last: bool) -> ModelScore:
        """Return ``score`` of a candidate that is known by its embedding, which has the layers compared at ``decision``."""
        hidden = [vector for number in COMPARED[decision] if (vector := embedding.layer(number)) is not None]
        return self.score(scored, decision, hidden, is_last=is_last)

    def resembles_a_clap(self, point: int, hidden: NDArray[np.float32]) -> bool:
        """Return whether a candidate is so close to a clap of the profile that the embedded model may not reject it."""
        layer = self._layers[point]
        return layer.claps is not None and layer.to_claps(layer.space.direction(hidden))[0] >= ALIKE
