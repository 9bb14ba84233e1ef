"""What a profile is worth, by what is kept: examples, each left out once, and candidates of the last day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from claptrap.core.spec import SourceSpec
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.classifier import Classification
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.matching import ProfileMatcher, load_rules
from claptrap.detect.patterns import Detection, Patterns
from claptrap.detect.prior import RecentClapPrior
from claptrap.detect.profile import Example, Profile
from claptrap.detect.rescoring import Rescorer
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.runtime.stream_context import detection_settings


@dataclass(frozen=True, slots=True)
class Figures:
    """How many examples are taken for claps.

    Attributes:
        claps, claps_heard: given claps, and how many of them are heard.
        others, others_heard: sounds that are none, and how many are taken for claps.
    """

    claps: int
    claps_heard: int
    others: int
    others_heard: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Examples, each as whether it is a clap, and its score."""

    pairs: tuple[tuple[bool, float], ...]

    def figures(self, threshold: float) -> Figures:
        """Return how many are heard with a threshold."""
        claps, others = ([s >= threshold for is_clap, s in self.pairs if is_clap is kind] for kind in (True, False))
        return Figures(len(claps), sum(claps), len(others), sum(others))

    def best_threshold(self, otherwise: float) -> float:
        """Return the threshold, .3 to .8, that tells claps from others best; ``otherwise`` if it does as well as any."""

        def worth(threshold: float) -> tuple[int, float]:
            figures = self.figures(threshold)
            return figures.claps_heard - 2 * figures.others_heard, -abs(threshold - otherwise)

        return max([otherwise, *(tenth / 10 for tenth in range(3, 9))], key=worth)


@dataclass(frozen=True, slots=True)
class Replay:
    """What candidates lead to: how many claps, and the detections with their times, oldest first."""

    claps: int
    detections: tuple[tuple[float, Detection], ...]


class Evaluator:
    """Rescores what is kept by its embeddings. It takes some 0.1 ms a candidate."""

    def __init__(self) -> None:
        self._rescorer = Rescorer(load_clapnet(), load_confirmer())
        self._rules = load_rules()

    def scores(self, examples: Sequence[Example], profile: Profile) -> Scores:
        """Return the score of each example by ``profile`` without that example; linear in both."""
        return Scores(tuple((one.is_clap, self._score(one, profile)) for one in examples))

    def replay(self, candidates: Sequence[KeptCandidate], spec: SourceSpec, profile: Profile | None) -> Replay:
        """Return what the candidates of a source, oldest first, would have led to with the settings of ``spec``."""
        matcher = ProfileMatcher(profile, self._rules) if profile is not None and profile.examples else None
        claps, found = 0, []
        for stream in _streams(candidates):
            patterns = Patterns(detection_settings(spec))
            start = stream[0].at - stream[0].onset / 16_000
            detections: list[Detection] = []
            rescored = [self._rescorer.score(one.embedding, matcher) for one in stream]
            changed = RecentClapPrior().apply_all([one.onset for one in stream], rescored)
            for one, score in zip(stream, changed, strict=True):
                outcome = patterns.process(Classification(0, one.onset, one.onset, score, one.labels))
                claps += outcome.is_clap
                detections += outcome.detections
            detections += patterns.finish()
            found += [(start + detection.onset / 16_000, detection) for detection in detections]
        return Replay(claps, tuple(found))

    def _score(self, example: Example, profile: Profile) -> float:
        return self._rescorer.score(example.embedding, ProfileMatcher(profile.without(example.id), self._rules))


def _streams(candidates: Sequence[KeptCandidate]) -> list[list[KeptCandidate]]:
    """Return the candidates of each epoch."""
    by_epoch: dict[str, list[KeptCandidate]] = {}
    for one in candidates:
        by_epoch.setdefault(one.epoch, []).append(one)
    return list(by_epoch.values())


def effect(before: Figures, after: Figures) -> dict[str, Any]:
    """Return two figures as JSON data: whether the second are better, and whether no worse, else nothing is learnt."""
    plain = [
        {"claps_heard": f.claps_heard, "claps": f.claps, "others_heard": f.others_heard, "others": f.others}
        for f in (before, after)
    ]
    worth = [f.claps_heard - f.others_heard for f in (before, after)]
    return {"helps": worth[1] > worth[0], "applied": worth[1] >= worth[0], "before": plain[0], "after": plain[1]}
