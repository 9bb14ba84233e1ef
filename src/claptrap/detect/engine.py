"""Onset detector, classifier and patterns in one thread: for recordings, and to prove that live and offline agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP
from claptrap.detect.clapnet import ClapNet
from claptrap.detect.classifier import ClapClassifier, Classification
from claptrap.detect.confirm import Confirmer
from claptrap.detect.matching import ProfileMatcher
from claptrap.detect.newest_sound import MEMORY
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.patterns import Detection, DetectionSettings, Patterns
from claptrap.detect.yamnet import YamNet

_SLOT = np.zeros(1, np.int64)
BLOCK_HOPS = 2000  # 40 s: the more candidates are scored at once, the less each costs

Finding = Classification | Detection
"""An accepted clap, or a detection."""


class Engine:
    """Detects claps in one recording or stream, in one thread.

    Args:
        clapnet, confirmer: the embedded model.
        yamnet: None without its file.
        settings: threshold, delay and patterns.
        matcher: of the source's profile; None without one.
    """

    def __init__(
        self,
        clapnet: ClapNet,
        confirmer: Confirmer,
        yamnet: YamNet | None,
        settings: DetectionSettings,
        matcher: ProfileMatcher | None = None,
    ) -> None:
        self._detector = OnsetDetector(1)
        self._classifier = ClapClassifier(1, clapnet, confirmer, yamnet, name_sounds=False, memory=MEMORY + BLOCK_HOPS * HOP)
        self._classifier.apply_profile(0, matcher)
        self._patterns = Patterns(settings)

    def process(self, hops: NDArray[np.float32], lost: NDArray[np.int64]) -> Iterator[Finding]:
        """Yield claps in order, each before its detection, of hops (k, 320) with lost (k,), the hops missing before each."""
        for block, missing in blocks(hops, lost):
            candidates = self._detector.process(_SLOT, block, missing)
            yield from self._findings(self._classifier.process(_SLOT, block, missing, candidates))
            yield from self._patterns.advance(self._classifier.settled(0))

    def finish(self) -> Iterator[Finding]:
        """Yield what is still undecided at the end of the stream."""
        yield from self._findings(self._classifier.finish(0))
        yield from self._patterns.finish()

    def _findings(self, classifications: Iterable[Classification]) -> Iterator[Finding]:
        for classification in classifications:
            outcome = self._patterns.process(classification)
            if outcome.is_clap:
                yield classification
            yield from outcome.detections


def blocks(hops: NDArray[np.float32], lost: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Yield hops (k, 320) as blocks (1, n), n ≤ 640,000, a new one at every gap, each with lost (1,)."""
    start = 0
    cuts = set(np.flatnonzero(lost).tolist()) | {len(hops)}
    for i in range(1, len(hops) + 1):
        if i in cuts or i - start == BLOCK_HOPS:
            yield hops[start:i].reshape(1, -1), lost[start : start + 1]
            start = i
