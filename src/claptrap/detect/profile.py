"""Profiles: what one source has learnt of its place, from claps that were given and sounds that were marked as none.

A profile is a set of embeddings. A candidate is compared with them; the rule that weighs log-odds and similarities was
learnt once by ``training`` and ships. Nothing is trained where ClapTrap runs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claptrap.core.errors import InputError
from claptrap.detect.clapnet import load_weights
from claptrap.detect.confirm import ModelScore
from claptrap.detect.embedding import LAYERS, Embedding, models_version

VERSION = 1
MOST_EXAMPLES = 200  # of claps, and of other sounds
MOST_BYTES = 1_000_000  # of a profile as a document
MOST_NOTE = 300  # characters
ALIKE = 0.5  # similarity of which one look-alike in a hundred is to a clap of somebody
FORMAT = "claptrap profile"


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A sound that a person has named.

    Attributes:
        is_clap: whether it is a clap.
        embedding: by which others are compared with it.
        note: where it comes from, for people; ≤ 300 characters.
    """

    is_clap: bool
    embedding: Embedding
    note: str = ""

    @property
    def id(self) -> str:
        """Twelve hex digits, the same for the same embedding."""
        return hashlib.sha256(json.dumps(self.embedding.to_json()).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Profile:
    """Examples in order of id, so that the order in which they came does not matter; the last word on a sound counts."""

    examples: tuple[Example, ...] = ()

    @classmethod
    def of(cls, *examples: Example) -> Profile:
        """Return the profile of examples. Raises InputError ``profile.too_many`` above 200 claps or 200 others."""
        by_id = {example.id: example for example in examples}
        for is_clap in (True, False):
            n = sum(example.is_clap is is_clap for example in by_id.values())
            if n > MOST_EXAMPLES:
                raise InputError("profile.too_many", n=n, most=MOST_EXAMPLES)
        return cls(tuple(by_id[key] for key in sorted(by_id)))

    def adding(self, *examples: Example) -> Profile:
        """Return it with more examples. Raises InputError ``profile.too_many``."""
        return Profile.of(*self.examples, *examples)

    def without(self, *ids: str) -> Profile:
        """Return it without the examples of these ids."""
        return Profile(tuple(example for example in self.examples if example.id not in ids))

    @property
    def n_claps(self) -> int:
        """How many examples are claps."""
        return sum(example.is_clap for example in self.examples)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, which ``from_json`` reads."""
        examples = [{"id": e.id, "clap": e.is_clap, "note": e.note, **e.embedding.to_json()} for e in self.examples]
        return {"format": FORMAT, "version": VERSION, "models": models_version(), "examples": examples}

    @classmethod
    def from_json(cls, document: object) -> Profile:
        """Rebuild a profile.

        Raises:
            InputError: ``profile.damaged`` (with the reason), ``profile.newer``, ``profile.other_models``,
                ``profile.too_many``.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise InputError("profile.damaged", reason="format")
        version = document.get("version")
        if version != VERSION:
            raise InputError("profile.newer", version=str(version), known=VERSION)
        if document.get("models") != models_version():
            raise InputError("profile.other_models", version=str(document.get("models")), known=models_version())
        listed = document.get("examples")
        if not isinstance(listed, list):
            raise InputError("profile.damaged", reason="examples")
        if len(listed) > 2 * MOST_EXAMPLES:
            raise InputError("profile.too_many", n=len(listed), most=MOST_EXAMPLES)
        return cls.of(*(_example(i, entry) for i, entry in enumerate(listed)))


def parse(content: bytes) -> Profile:
    """Return the profile in a file's content. Raises InputError as ``Profile.from_json`` does."""
    if len(content) > MOST_BYTES:
        raise InputError("profile.damaged", reason=f"> {MOST_BYTES} B")
    try:
        return Profile.from_json(json.loads(content))
    except (ValueError, RecursionError) as error:
        raise InputError("profile.damaged", reason=str(error)) from error


def read_profile(path: Path) -> Profile:
    """Return the profile in a file. Raises InputError as ``parse``, and ``profile.unreadable``."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError("profile.unreadable", path=str(path), reason=error.strerror or str(error)) from error
    return parse(content)


def serialized(profile: Profile) -> bytes:
    """Return a profile as a file's content, which ``parse`` reads: one example a line, in order of id."""
    document = profile.to_json()
    examples = ",\n".join(json.dumps(example, ensure_ascii=False) for example in document.pop("examples"))
    return f'{json.dumps(document)[:-1]}, "examples": [\n{examples}\n]}}\n'.encode()


def _example(index: int, entry: object) -> Example:
    if not isinstance(entry, dict) or not isinstance(entry.get("clap"), bool):
        raise InputError("profile.damaged", reason=f"examples[{index}]")
    note = entry.get("note", "")
    if not isinstance(note, str) or len(note) > MOST_NOTE:
        raise InputError("profile.damaged", reason=f"examples[{index}].note")
    try:
        return Example(entry["clap"], Embedding.from_json(entry), note)
    except ValueError as error:
        raise InputError("profile.damaged", reason=f"examples[{index}]: {error}") from error


def rule_inputs(
    log_odds: NDArray[np.float64], nearest: NDArray[np.float64], centre: NDArray[np.float64], n: int
) -> NDArray[np.float64]:
    """Return what the rule weighs, (…, 7): log-odds and similarities (…,) of candidates to ``n`` ≥ 1 claps."""
    count = np.full_like(log_odds, np.log(n))
    above, below = np.maximum(log_odds, 0), np.minimum(log_odds, 0)
    columns = (above, below, nearest, centre, nearest * count, centre * count, count)
    return np.stack(columns, axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class LayerRule:
    """How candidates are compared in one layer, and what their similarities weigh.

    Attributes:
        mean: (d,), and axes: (d, d), which whiten the layer.
        weights: (8,), of ``rule_inputs`` and the constant.
        decisive: log-odds below the first and above the second of which a score is decisive.
        mark: similarity to the nearest mark from which on log-odds are taken away, and how many at a similarity of 1.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    weights: NDArray[np.float64]
    decisive: tuple[float, float]
    mark: tuple[float, float]

    def direction(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (…, d) vectors whitened and of unit length."""
        white = (vectors - self.mean) @ self.axes
        unit: NDArray[np.float32] = white / (np.linalg.norm(white, axis=-1, keepdims=True) + np.float32(1e-9))
        return unit


def load_rules() -> tuple[LayerRule, ...]:
    """Return the rules that ship with the package, one per layer."""
    w = load_weights("profile.npz")
    return tuple(
        LayerRule(
            w[f"mean{i}"].astype(np.float32),
            w[f"axes{i}"].astype(np.float32),
            w["weights"][i].astype(np.float64),
            (float(w["decisive"][i, 0]), float(w["decisive"][i, 1])),
            (float(w["mark"][i, 0]), float(w["mark"][i, 1])),
        )
        for i in range(LAYERS)
    )


class _LayerMatcher:
    """One layer of a profile, ready to be compared with."""

    def __init__(self, rule: LayerRule, profile: Profile, layer: int) -> None:
        self._rule = rule
        claps = [v for e in profile.examples if e.is_clap and (v := e.embedding.layer(layer)) is not None]
        marks = [v for e in profile.examples if not e.is_clap and (v := e.embedding.layer(layer)) is not None]
        self._marks = rule.direction(np.stack(marks)) if marks else None
        self._claps = rule.direction(np.stack(claps)) if claps else None
        if self._claps is not None:
            centre = self._claps.mean(axis=0)
            self._centre = centre / (np.linalg.norm(centre) + np.float32(1e-9))

    def score(self, scored: ModelScore, hidden: NDArray[np.float32], *, is_last: bool) -> ModelScore:
        if self._claps is None and self._marks is None:
            return scored
        direction = self._rule.direction(hidden)
        likely = min(max(scored.score, 1e-12), 1 - 1e-12)
        log_odds = float(np.log(likely / (1 - likely)))
        is_decisive = scored.is_decisive
        if self._claps is not None:
            nearest, centre = (self._claps @ direction).max(), self._centre @ direction
            inputs = rule_inputs(np.array(log_odds), np.array(nearest), np.array(centre), len(self._claps))
            log_odds = float(inputs @ self._rule.weights[:-1] + self._rule.weights[-1])
            low, high = self._rule.decisive
            is_decisive = not low <= log_odds <= high
        penalty = self._penalty(direction)
        if penalty and log_odds > 0:
            is_decisive = False
        score = float(1 / (1 + np.exp(-np.clip(log_odds - penalty, -30, 30))))
        return ModelScore(score, is_decisive or is_last)

    def nearest_clap(self, hidden: NDArray[np.float32]) -> float:
        """Return the similarity to the nearest clap, −1 without one."""
        return -1.0 if self._claps is None else float((self._claps @ self._rule.direction(hidden)).max())

    def _penalty(self, direction: NDArray[np.float32]) -> float:
        """Return how many log-odds the marks take away."""
        if self._marks is None:
            return 0.0
        start, most = self._rule.mark
        return most * max(0.0, float((self._marks @ direction).max()) - start) / (1 - start)


class ProfileMatcher:
    """Scores candidates by what the models say and what a profile holds. An empty profile changes nothing.

    Args:
        profile: the examples.
        rules: one per layer.
    """

    def __init__(self, profile: Profile, rules: tuple[LayerRule, ...]) -> None:
        self.profile = profile
        self._layers = [_LayerMatcher(rule, profile, i) for i, rule in enumerate(rules)]

    def score(self, scored: ModelScore, layer: int, hidden: NDArray[np.float32], *, is_last: bool) -> ModelScore:
        """Return the score of a candidate by the profile.

        Args:
            scored: what the models say.
            layer: which hidden layer: the decision point for the embedded model, ``YAMNET_LAYERS`` for YAMNet's heads.
            hidden: (d,) its values.
            is_last: whether there is no later decision point.
        """
        return self._layers[layer].score(scored, hidden, is_last=is_last)

    def resembles_a_clap(self, layer: int, hidden: NDArray[np.float32]) -> bool:
        """Return whether a candidate is so close to a clap of the profile that no model may reject it early."""
        return self._layers[layer].nearest_clap(hidden) >= ALIKE
