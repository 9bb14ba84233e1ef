"""The judge: which beginnings are claps.

Each candidate is looked at as soon as 72 ms of it have been heard, and again at 112, 152 and 200 ms until a look is sure.
The embedded model looks every time. Where YAMNet is there, the embedded model only dismisses what is none; YAMNet hears the
rest at 112 ms, and at 200 ms what was not clear then. Where the next clap follows so soon that late looks hear it too, what
the first looks made of the one before counts as much. The same for any number of rows: all that is due is looked at in one
batch.

Who has clapped is likely to clap again: what begins up to 2 s after a likely clap is given the benefit of the doubt.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.core.events import Labels
from claptrap.detect.clapnet import AFTER, BEFORE, DECISION_POINTS, PATCH, ClapNet, log_mel
from claptrap.detect.confirm import EARLY, Confirmer
from claptrap.detect.onset import Candidate
from claptrap.detect.yamnet import SAMPLES, YamNet

MEMORY = 4 * RATE_HZ  # samples kept per row: the longest block offline (1 s), the longest past (1 s) and room
LONGEST_BLOCK = RATE_HZ
LABEL_EVERY = RATE_HZ * 48 // 100  # about twice a second; half a window of YAMNet, so that nothing falls between
LABEL_LEAST_DBFS = -60.0  # peak of a window; below it there is nothing to name
LABEL_LEAST_SCORE = 0.1
LABEL_MOST = 5
LABELLED_LEAST_SCORE = 0.2  # rulings below this get no labels: nobody will see them
APPLAUSE = 62  # YAMNet's class
ONSET_LAG = 320  # samples after an onset within which the gate tells it
SEPARATE_AFTER = (
    1280  # samples, 80 ms: what begins sooner after a clap is its reflection; later, it may be the next one, which …
)
NEXT_LEAST_SCORE = 0.3  # … its own first look says
PRIOR_WINDOW = (
    RATE_HZ * 15 // 100,
    2 * RATE_HZ,
)  # samples: this long after a likely clap another is likely; sooner, its echo is
PRIOR_LOG_ODDS = 1.2  # what a score gains after a score of 1; chosen on the validation part (see training/README.md)
SILENT = 4e-5  # a sample's least size, that of the last of 16 bits: what is smaller for 1 ms was switched off
FILL_LEVEL = 10 ** (
    -45 / 20
)  # how loud the models hear that instead, to the window's peak: no place is silent, and they know none
_FILL_NOISE = np.random.default_rng(0).standard_normal((SAMPLES // 16, 16)).astype(np.float32)
_LAST = len(DECISION_POINTS) - 1
CONTEXT = SAMPLES - AFTER[_LAST]  # samples before an onset that YAMNet hears too


@dataclass(frozen=True, slots=True)
class Classification:
    """What the judge says of one candidate.

    Attributes:
        slot: where.
        onset: sample (16 kHz) of the row's stream where it begins.
        decided: last sample that had to be heard; rulings of a row come in order of onset, so it never goes back.
        score: [0, 1]; 0.5 is the recommended threshold. More if a likely clap came just before.
        labels: what YAMNet hears there, for rulings that may become claps; empty without YAMNet.
        applause: what YAMNet gives the class "Applause" there, [0, 1]; 0 where it was not asked.
    """

    slot: int
    onset: int
    decided: int
    score: float
    labels: Labels = ()
    applause: float = 0.0


@dataclass(frozen=True, slots=True)
class SoundLabels:
    """What YAMNet hears on a row just now: the window that ends at sample ``at``."""

    slot: int
    at: int
    labels: Labels


@dataclass(slots=True)
class _PendingCandidate:
    """A candidate that is being looked at."""

    onset: int
    point: int = 0
    scores: list[float] = field(default_factory=list)  # of the looks so far
    early: float | None = None
    decided: int | None = None
    score: float = 0.0
    labels: Labels = ()
    applause: float = 0.0


@dataclass(slots=True)
class _SlotState:
    """One row's newest sound and open cases."""

    samples: NDArray[np.float32] = field(default_factory=lambda: np.zeros(MEMORY, np.float32))
    heard: int = 0
    pending: deque[_PendingCandidate] = field(default_factory=deque)
    recent: deque[tuple[int, float]] = field(default_factory=deque)  # onsets and scores of the last 2 s
    last_decided: int = 0
    label_due: int = LABEL_EVERY
    is_queued: bool = False

    def add(self, block: NDArray[np.float32], lost: int) -> None:
        """Append (n,) samples after ``lost`` hops of silence; n ≤ 1 s."""
        silence = lost * HOP
        if silence:
            self._put(np.zeros(min(silence, MEMORY), np.float32), self.heard + max(0, silence - MEMORY))
        self._put(block, self.heard + silence)
        self.heard += silence + len(block)

    def _put(self, block: NDArray[np.float32], at: int) -> None:
        begin = at % MEMORY
        head = min(len(block), MEMORY - begin)
        self.samples[begin : begin + head] = block[:head]
        self.samples[: len(block) - head] = block[head:]

    def window(self, begin: int, end: int, heard: int | None = None) -> NDArray[np.float32]:
        """Return samples [begin, end) of the stream; zero before its beginning and from ``heard`` (default: all) on."""
        known = min(end, self.heard if heard is None else heard)
        out = np.zeros(end - begin, np.float32)
        first = max(begin, 0)
        if known > first:
            kept, place = out[first - begin : known - begin], first % MEMORY
            head = min(len(kept), MEMORY - place)
            kept[:head] = self.samples[place : place + head]
            kept[head:] = self.samples[: len(kept) - head]
        return out

    def n_clean_points(self, candidate: _PendingCandidate) -> int:
        """Return how many looks at a case had not heard the clap that follows; 0 if at its last look none is known."""
        for other in self.pending:
            gap, first_look = other.onset - candidate.onset, other.scores[0] if other.scores else other.score
            if SEPARATE_AFTER <= gap <= AFTER[_LAST] - AFTER[0] and first_look >= NEXT_LEAST_SCORE:
                return sum(after <= gap for after in AFTER)
        return 0

    def recent_clap_prior(self, onset: int, score: float) -> float:
        """Return what a score becomes after those just before; to be called once per ruling, in order of onset."""
        nearest, farthest = PRIOR_WINDOW
        while self.recent and onset - self.recent[0][0] > farthest:
            self.recent.popleft()
        likeliest = max((s for at, s in self.recent if onset - at >= nearest), default=0.0)
        gain = math.exp(PRIOR_LOG_ODDS * likeliest)
        score = score * gain / (1 - score + score * gain)
        self.recent.append((onset, score))
        return score

    def context(self, onset: int, end: int) -> NDArray[np.float32]:
        """Return YAMNet's window up to ``end``: at every look from ``CONTEXT`` before the onset on, silence before."""
        heard = fill_digital_silence(self.window(onset - CONTEXT, end))
        return np.pad(heard, (SAMPLES - len(heard), 0))


def fill_digital_silence(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill (n,) samples, n a multiple of 16, with faint noise where a noise gate or a gap left them digitally silent."""
    blocks = samples.reshape(-1, 16)
    peaks = np.abs(blocks).max(axis=1)
    silent = peaks < SILENT
    blocks[silent] += np.float32(FILL_LEVEL) * peaks.max() * _FILL_NOISE[: len(blocks)][silent]
    return samples


class ClapClassifier:
    """Rules on candidates of any number of rows. Rows never mix.

    Args:
        n_slots: how many rows there can be.
        clapnet: the embedded model.
        confirmer: weighs YAMNet's hearing.
        yamnet: None until its file is there; may be set at any time, and acts from the next look on.
        name_sounds: whether to name what is heard all the time, not only at claps.
    """

    def __init__(
        self, n_slots: int, clapnet: ClapNet, confirmer: Confirmer, yamnet: YamNet | None = None, *, name_sounds: bool = True
    ) -> None:
        self.yamnet = yamnet
        self._slots: list[_SlotState | None] = [None] * n_slots
        self._clapnet = clapnet
        self._confirmer = confirmer
        self._name_sounds = name_sounds
        self._label_queue: deque[tuple[int, _SlotState]] = deque()

    def reset(self, slot: int) -> None:
        """Begin a new stream on ``slot``: forget everything, time 0."""
        self._slots[slot] = _SlotState()

    def process(
        self,
        slots: NDArray[np.int64],
        hops: NDArray[np.float32],
        lost: NDArray[np.int64],
        candidates: Iterable[Candidate],
    ) -> list[Classification]:
        """Take the beat that the gate was given, and what the gate found in it; return what can be ruled now.

        Args:
            slots: (R,) distinct rows.
            hops: (R, n) samples; n ≤ 16,000.
            lost: (R,) hops missing just before.
            candidates: the gate's, in order of time.
        """
        active = {slot: self._slot(slot) for slot in slots.tolist()}
        for (slot, state), block, n in zip(active.items(), hops, lost.tolist(), strict=True):
            state.add(block, n)
            if state.heard >= state.label_due and not state.is_queued:
                state.is_queued = True
                self._label_queue.append((slot, state))
        for candidate in candidates:
            self._slot(candidate.slot).pending.append(_PendingCandidate(candidate.onset))
        return self._classify_due(active, self.yamnet)

    def finish(self, slot: int) -> list[Classification]:
        """Rule on what is open on ``slot``, at the end of its stream, as if silence followed."""
        state = self._slot(slot)
        end = state.heard
        state.add(np.zeros(AFTER[-1] + HOP, np.float32), 0)
        classifications = self._classify_due({slot: state}, self.yamnet)
        self._slots[slot] = None
        return [replace(r, decided=min(r.decided, end)) for r in classifications]

    def settled(self, slot: int) -> int:
        """Return the sample before which all on ``slot`` has been ruled on: no ruling with an earlier onset will come."""
        state = self._slot(slot)
        known = max(0, state.heard - ONSET_LAG)
        return min(known, state.pending[0].onset) if state.pending else known

    def labels(self, most: int | None = None) -> list[SoundLabels]:
        """Name what is to be named: about two windows a second of every row that is not silent.

        Args:
            most: how many windows YAMNet may hear now; the rows that have waited longest come first. Who gives less than
                all rows need gets fewer windows of each.
        """
        if self.yamnet is None or not self._name_sounds:
            return []
        named: list[SoundLabels] = []
        while self._label_queue and (most is None or len(named) < most):
            slot, state = self._label_queue.popleft()
            state.is_queued = False
            if self._slots[slot] is state and (sounds := self._label(slot, state, self.yamnet)) is not None:
                named.append(sounds)
        return named

    # -- looking --------------------------------------------------------------------------------------------------------

    def _slot(self, slot: int) -> _SlotState:
        state = self._slots[slot]
        if state is None:
            state = self._slots[slot] = _SlotState()
        return state

    def _classify_due(self, active: dict[int, _SlotState], yamnet: YamNet | None) -> list[Classification]:
        waiting = [state for state in active.values() if state.pending]
        for point in range(len(DECISION_POINTS)):
            due = [
                (state, candidate)
                for state in waiting
                for candidate in state.pending
                if candidate.decided is None and candidate.point == point and state.heard >= candidate.onset + AFTER[point]
            ]
            if due:
                self._evaluate(due, point, yamnet)
        return [ruling for slot, state in active.items() if state.pending for ruling in self._release(slot, state)]

    def _evaluate(self, due: Sequence[tuple[_SlotState, _PendingCandidate]], point: int, yamnet: YamNet | None) -> None:
        """Look at cases in one batch; rule on those of which this look is sure, and on all at the last."""
        heard = AFTER[point]
        starts = [(state, candidate.onset - BEFORE, candidate.onset + heard) for state, candidate in due]
        samples = np.stack(
            [fill_digital_silence(state.window(begin, begin + PATCH, heard=end)) for state, begin, end in starts]
        )
        logits = self._clapnet.logits(log_mel(samples), DECISION_POINTS[point])
        for (state, candidate), logit in zip(due, logits.tolist(), strict=True):
            is_decisive = self._weigh(state, candidate, logit, point, yamnet)
            if is_decisive or point == _LAST:
                candidate.decided = candidate.onset + heard
                if point == _LAST:
                    candidate.score = max([candidate.score, *candidate.scores[: state.n_clean_points(candidate)]])
            else:
                candidate.point += 1
                candidate.scores.append(candidate.score)

    def _weigh(
        self, state: _SlotState, candidate: _PendingCandidate, logit: float, point: int, yamnet: YamNet | None
    ) -> bool:
        """Score a case by what is known at this look; return whether that is enough."""
        if yamnet is None:
            scored = self._confirmer.embedded_score(logit, point)
            candidate.score = scored.score
            return scored.is_decisive
        if not self._confirmer.needs_yamnet(logit, point):
            candidate.score = self._confirmer.rejected_score(logit, point)
            return True
        if point < EARLY:
            candidate.score = self._confirmer.embedded_score(logit, point).score
        if point not in (EARLY, _LAST):
            return False
        if candidate.early is None:  # look EARLY, or a later one where YAMNet has come meanwhile
            output = yamnet.run(state.context(candidate.onset, candidate.onset + AFTER[EARLY]))
            candidate.early = self._confirmer.head_log_odds(output, EARLY)
            scored = self._confirmer.early_score(candidate.early, logit)
        if point == _LAST:
            output = yamnet.run(state.context(candidate.onset, candidate.onset + AFTER[_LAST]))
            scored = self._confirmer.late_score(candidate.early, self._confirmer.head_log_odds(output, _LAST), logit)
        candidate.score = scored.score
        candidate.applause = float(output.scores[APPLAUSE])
        if candidate.score >= LABELLED_LEAST_SCORE:
            candidate.labels = _top(output.scores, yamnet.names)
        return scored.is_decisive

    def _release(self, slot: int, state: _SlotState) -> Iterable[Classification]:
        """Let rulings out in order of onset: one that was quick waits for one before it that was not."""
        while state.pending and (decided := state.pending[0].decided) is not None:
            candidate = state.pending.popleft()
            state.last_decided = max(state.last_decided, decided)
            score = state.recent_clap_prior(candidate.onset, candidate.score)
            yield Classification(slot, candidate.onset, state.last_decided, score, candidate.labels, candidate.applause)

    # -- naming ---------------------------------------------------------------------------------------------------------

    def _label(self, slot: int, state: _SlotState, yamnet: YamNet) -> SoundLabels | None:
        """Name the window that is due, and let the row wait again where another one is; None where it is silent."""
        late = max(0, state.heard - LONGEST_BLOCK - state.label_due)
        state.label_due += -(-late // LABEL_EVERY) * LABEL_EVERY  # sound that was lost, or waited too long, is not named
        at = state.label_due
        state.label_due += LABEL_EVERY
        if state.heard >= state.label_due:
            state.is_queued = True
            self._label_queue.append((slot, state))
        window = state.window(at - SAMPLES, at)
        if np.abs(window - window.mean()).max() < 10 ** (LABEL_LEAST_DBFS / 20):
            return None
        return SoundLabels(slot, at, _top(yamnet.run(window).scores, yamnet.names))


def _top(scores: NDArray[np.float32], names: Sequence[str]) -> Labels:
    best = np.argsort(scores)[::-1][:LABEL_MOST]
    return tuple((names[i], round(float(scores[i]), 3)) for i in best.tolist() if scores[i] >= LABEL_LEAST_SCORE)
