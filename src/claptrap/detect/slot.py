"""One source's state in the classifier: its newest sound, its candidates, and what changes their scores."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.core.events import Labels
from claptrap.detect.clapnet import AFTER, BEFORE
from claptrap.detect.confirm import HeadOutput, ModelScore
from claptrap.detect.matching import ProfileMatcher
from claptrap.detect.newest_sound import NewestSound
from claptrap.detect.prior import NEXT_LEAST, NEXT_WINDOW, RecentClapPrior
from claptrap.detect.yamnet import SAMPLES

LABEL_EVERY = RATE_HZ * 48 // 100  # about twice a second; half a window of YAMNet, so that nothing falls between
ONSET_LAG = HOP  # samples after an onset within which the onset detector reports it
SEPARATE_AFTER = 1280  # samples, 80 ms: sooner after a clap it is a reflection; later it may be the next clap, if …
NEXT_LEAST_SCORE = 0.3  # … its first score is at least this
SILENT = 4e-5  # a sample's least size, that of the last of 16 bits: what is smaller for 1 ms was switched off
FLOOR_LEVEL = 10 ** (-67 / 20)  # of a background, to the window's peak, in the mean of 9 ms: what is below it was gated
FLOOR_BLOCKS = 9
FILL_LEVEL = 10 ** (-45 / 20)  # of the noise put there, to the window's peak: the models learnt neither
CONTEXT = SAMPLES - AFTER[-1]  # samples before an onset in YAMNet's window


@dataclass(slots=True)
class PendingCandidate:
    """A candidate that is not decided, or not released yet."""

    onset: int
    point: int = 0
    scores: list[float] = field(default_factory=list)  # at the decision points so far
    early: HeadOutput | None = None
    decided: int | None = None
    score: float = 0.0
    labels: Labels = ()
    applause: float = 0.0
    by_models: float = 0.0
    layers: dict[int, NDArray[np.float32]] = field(default_factory=dict)  # hidden ones that the models have made of it


@dataclass(slots=True)
class SlotState(NewestSound):
    """One slot's newest samples and pending candidates."""

    pending: deque[PendingCandidate] = field(default_factory=deque)
    prior: RecentClapPrior = field(default_factory=RecentClapPrior)
    last_decided: int = 0
    label_due: int = LABEL_EVERY
    matcher: ProfileMatcher | None = None

    def awaited(self) -> int | None:
        """Return from which sample on a pending candidate can be scored, or released; None where none is pending."""
        if not self.pending:
            return None
        looks = [one.onset + AFTER[one.point] for one in self.pending if one.decided is None]
        return min(looks, default=self.pending[0].onset + NEXT_WINDOW[1] + ONSET_LAG)

    def n_clean_points(self, candidate: PendingCandidate) -> int:
        """Return how many decision points of a candidate end before the next clap; 0 if none follows as far as is known."""
        for other in self.pending:
            gap, first_score = other.onset - candidate.onset, other.scores[0] if other.scores else other.score
            if SEPARATE_AFTER <= gap <= AFTER[-1] - AFTER[0] and first_score >= NEXT_LEAST_SCORE:
                return sum(after <= gap for after in AFTER)
        return 0

    def settle_first(self) -> tuple[int, float] | None:
        """Return when all was known of the first candidate, and the score of the clap that speaks for it, or 0.

        None while not all is known.
        """
        candidate = self.pending[0]
        decided = candidate.decided
        if decided is None:
            return None
        if not self.prior.waits(candidate.onset, candidate.score):
            return decided, 0.0
        for other in list(self.pending)[1:]:
            if other.onset - candidate.onset > NEXT_WINDOW[1]:
                break
            if other.decided is None:
                return None
            decided = max(decided, other.decided)
            if other.score >= NEXT_LEAST:
                return decided, other.score if other.onset - candidate.onset >= NEXT_WINDOW[0] else 0.0
        known = candidate.onset + NEXT_WINDOW[1] + ONSET_LAG
        return (max(decided, known), 0.0) if self.heard >= known else None

    def apply_score(
        self,
        candidate: PendingCandidate,
        scored: ModelScore,
        decision: int,
        hidden: Sequence[NDArray[np.float32]],
        *,
        is_last: bool,
    ) -> bool:
        """Give a candidate the models' score, changed by the slot's profile; return whether that is decisive."""
        candidate.by_models = scored.score
        if self.matcher is not None:
            scored = self.matcher.score(scored, decision, hidden, is_last=is_last)
        candidate.score = scored.score
        return scored.is_decisive

    @property
    def has_profile(self) -> bool:
        """Whether a profile has a say in scores."""
        return self.matcher is not None and not self.matcher.is_empty

    def resembles_a_clap(self, point: int, hidden: NDArray[np.float32]) -> bool:
        """Return whether the embedded model's hidden layer is close to that of a clap in the slot's profile."""
        return self.matcher is not None and self.matcher.resembles_a_clap(point, hidden)

    def patch(self, onset: int, heard: int) -> NDArray[np.float32]:
        """Return the samples (BEFORE + heard,) from ``BEFORE`` before the onset to ``heard`` after it, then filled."""
        return fill_silence(self.window(onset - BEFORE, onset + heard))

    def context(self, onset: int, end: int) -> NDArray[np.float32]:
        """Return YAMNet's window (15600,) up to ``end``: from ``CONTEXT`` samples before the onset on, zeros before."""
        heard = fill_silence(self.window(onset - CONTEXT, end))
        heard -= heard.mean()  # an offset would take the place of the loudest sample, to which YAMNet's input is scaled
        window = np.zeros(SAMPLES, np.float32)
        window[SAMPLES - len(heard) :] = heard
        return window


def fill_silence(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill (n,) samples, n a multiple of 16, in place with faint noise where they are silent or gated; return them.

    Between digital silence, which was always filled, and the faintest background that the models know, they take claps
    for less than they are.
    """
    blocks, peak = samples.reshape(-1, 16), max(float(samples.max()), -float(samples.min()))
    powers = np.einsum("ij,ij->i", blocks, blocks)
    if float(powers.min()) >= 16 * (FLOOR_LEVEL * peak) ** 2 and float(powers.min()) >= 16 * SILENT**2:
        return samples
    near = np.ones(FLOOR_BLOCKS)
    backgrounds = np.convolve(powers, near, "same") / np.convolve(np.ones(len(blocks)), near, "same")
    is_off = np.abs(blocks).max(axis=1) < SILENT
    filled = np.flatnonzero(is_off | (backgrounds < 16 * (FLOOR_LEVEL * peak) ** 2))
    blocks[filled] += np.float32(FILL_LEVEL * peak) * _fill_noise()[filled]
    return samples


@cache
def _fill_noise() -> NDArray[np.float32]:
    """Return white noise (SAMPLES // 16, 16) of unit power, read when first needed: to make it loads 3 MB of libraries."""
    with files("claptrap.detect").joinpath("weights", "noise.npy").open("rb") as file:
        noise: NDArray[np.float32] = np.load(file, allow_pickle=False)
    return noise
