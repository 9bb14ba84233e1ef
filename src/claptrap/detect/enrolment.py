"""Enrolment: from a stretch of sound and where a clap or another sound begins in it to an example, or why there is none."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.detect.clapnet import AFTER, ClapNet
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.confirm import Confirmer
from claptrap.detect.embedding import Embedding
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.patterns import ECHO_S
from claptrap.detect.profile import Example
from claptrap.detect.rescoring import Rescorer
from claptrap.detect.yamnet import YamNet

BEFORE_S, AFTER_S = 1.5, 0.5  # of sound that is needed around an onset
NEAR_S = 0.08  # an onset this close to the given one is meant
LEAST_PEAK = 10 ** (-50 / 20)
LEAST_RISE_DB = 3.0  # of a clap's loudest 5 ms above what was 15 to 60 ms before
CLIPPED_FROM, CLIPPED_SHARE = 0.985, 0.1  # a tenth of the first 30 ms at full scale: of 1,350 claps one
LEAST_SCORE = 0.005  # at the best decision by the models: 2 % of clean claps are below, 96 % of coughs, 92 % of doors


class Refusal(StrEnum):
    """Why a sound is no example; ``enrolment.…`` in ``text.catalogue``."""

    NO_ONSET = "no_onset"
    ECHO = "echo"
    TOO_QUIET = "too_quiet"
    CLIPPED = "clipped"
    NOT_A_CLAP = "not_a_clap"


class Enroller:
    """Makes examples.

    Args:
        clapnet, confirmer: the embedded model.
        yamnet: None without its file; then the example counts only where the embedded model hears alone.
    """

    def __init__(self, clapnet: ClapNet, confirmer: Confirmer, yamnet: YamNet | None) -> None:
        self._models = (clapnet, confirmer, yamnet)
        self._rescorer = Rescorer(clapnet, confirmer)

    def example(self, samples: NDArray[np.float32], onset: int, *, is_clap: bool, note: str = "") -> Example | Refusal:
        """Return the example of the sound that begins near ``onset``; where none does, or it cannot be a clap, why.

        Args:
            samples: (n,) at 16 kHz, from up to ``BEFORE_S`` before the onset to ``AFTER_S`` after it; more is not used.
            onset: the sample where it begins, to within ``NEAR_S``.
            is_clap: whether it is said to be a clap. What is said to be none only needs an onset.
            note: where it comes from, for people.
        """
        begin = max(0, onset - round(BEFORE_S * RATE_HZ))
        x = samples[begin : onset + round(AFTER_S * RATE_HZ)]
        x = np.pad(x, (0, -len(x) % HOP + AFTER[-1] // HOP * HOP + HOP))
        found = _onsets(x)
        near = [at for at in found if abs(at - (onset - begin)) <= NEAR_S * RATE_HZ]
        if not near:
            return Refusal.NO_ONSET
        at = min(near, key=lambda candidate: abs(candidate - (onset - begin)))
        refusal = _fault_of(x, at, found) if is_clap else None
        if refusal is not None:
            return refusal
        embedding = self._embedded(x, at)
        if is_clap and self._rescorer.best_score(embedding) < LEAST_SCORE:
            return Refusal.NOT_A_CLAP
        return Example(is_clap, embedding, note)

    def _embedded(self, x: NDArray[np.float32], at: int) -> Embedding:
        """Return the embedding of the candidate at sample ``at``."""
        clapnet, confirmer, yamnet = self._models
        classifier = ClapClassifier(1, clapnet, confirmer, yamnet, name_sounds=False)
        slot, none = np.zeros(1, np.int64), np.zeros(1, np.int64)
        for begin in range(0, len(x), RATE_HZ):
            classifier.process(slot, x[None, begin : begin + RATE_HZ], none, ())
        return classifier.embedding(0, at)


def _onsets(x: NDArray[np.float32]) -> list[int]:
    slot, none = np.zeros(1, np.int64), np.zeros(1, np.int64)
    return [candidate.onset for candidate in OnsetDetector(1).process(slot, x[None], none)]


def _fault_of(x: NDArray[np.float32], at: int, found: list[int]) -> Refusal | None:
    """Return what is wrong with the sound of a clap at sample ``at``, beside which other onsets were found."""
    clap = np.abs(x[at : at + 800])
    peak = float(clap.max())
    if any(0 < at - other <= ECHO_S * RATE_HZ and np.abs(x[other : other + 400]).max() > 1.5 * peak for other in found):
        return Refusal.ECHO
    before = x[max(0, at - 960) : max(1, at - 240)]
    loudest = np.sqrt((x[at : at + 800].reshape(-1, 80) ** 2).mean(axis=1).max())
    background = np.sqrt((before**2).mean())
    if peak < LEAST_PEAK or 20 * np.log10((loudest + 1e-9) / (background + 1e-9)) < LEAST_RISE_DB:
        return Refusal.TOO_QUIET
    if (clap[:480] >= CLIPPED_FROM).mean() > CLIPPED_SHARE:
        return Refusal.CLIPPED
    return None
