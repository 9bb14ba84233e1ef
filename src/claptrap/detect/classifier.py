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
from claptrap.detect.clapnet import AFTER, BEFORE, LOOKS, PATCH, ClapNet, log_mel
from claptrap.detect.confirm import EARLY, Confirmer
from claptrap.detect.onset import Candidate
from claptrap.detect.yamnet import SAMPLES, YamNet

MEMORY = 4 * RATE_HZ  # samples kept per row: the longest block offline (1 s), the longest past (1 s) and room
LONGEST_BLOCK = RATE_HZ
LABEL_EVERY = RATE_HZ * 48 // 100  # about twice a second; half a window of YAMNet, so that nothing falls between
LABEL_LEAST_DBFS = -60.0  # peak of a window; below it there is nothing to name
LABEL_LEAST_SCORE = 0.1
LABEL_MOST = 5
NAMED_LEAST_SCORE = 0.2  # rulings below this get no labels: nobody will see them
APPLAUSE = 62  # YAMNet's class
GATE_LAG = 320  # samples after an onset within which the gate tells it
APART = 1280  # samples, 80 ms: what begins sooner after a clap is its reflection; later, it may be the next one, which …
NEXT_LEAST_SCORE = 0.3  # … its own first look says
COMPANY = (RATE_HZ * 15 // 100, 2 * RATE_HZ)  # samples: this long after a likely clap another is likely; sooner, its echo is
COMPANY_LOG_ODDS = 1.2  # what a score gains after a score of 1; chosen on the validation part (see training/README.md)
SILENT = 4e-5  # a sample's least size, that of the last of 16 bits: what is smaller for 1 ms was switched off
AIR = 10 ** (-45 / 20)  # how loud the models hear that instead, to the window's peak: no place is silent, and they know none
_AIR = np.random.default_rng(0).standard_normal((SAMPLES // 16, 16)).astype(np.float32)
_LAST = len(LOOKS) - 1
CONTEXT = SAMPLES - AFTER[_LAST]  # samples before an onset that YAMNet hears too


@dataclass(frozen=True, slots=True)
class Classification:
    """What the judge says of one candidate.

    Attributes:
        row: where.
        onset: sample (16 kHz) of the row's stream where it begins.
        decided: last sample that had to be heard; rulings of a row come in order of onset, so it never goes back.
        score: [0, 1]; 0.5 is the recommended threshold. More if a likely clap came just before.
        labels: what YAMNet hears there, for rulings that may become claps; empty without YAMNet.
        applause: what YAMNet gives the class "Applause" there, [0, 1]; 0 where it was not asked.
    """

    row: int
    onset: int
    decided: int
    score: float
    labels: Labels = ()
    applause: float = 0.0


@dataclass(frozen=True, slots=True)
class SoundLabels:
    """What YAMNet hears on a row just now: the window that ends at sample ``at``."""

    row: int
    at: int
    labels: Labels


@dataclass(slots=True)
class _PendingCandidate:
    """A candidate that is being looked at."""

    onset: int
    look: int = 0
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
    cases: deque[_PendingCandidate] = field(default_factory=deque)
    ruled: deque[tuple[int, float]] = field(default_factory=deque)  # onsets and scores of the last 2 s
    last_decided: int = 0
    label_due: int = LABEL_EVERY
    waits_for_name: bool = False

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

    def undisturbed(self, case: _PendingCandidate) -> int:
        """Return how many looks at a case had not heard the clap that follows; 0 if at its last look none is known."""
        for other in self.cases:
            gap, first_look = other.onset - case.onset, other.scores[0] if other.scores else other.score
            if APART <= gap <= AFTER[_LAST] - AFTER[0] and first_look >= NEXT_LEAST_SCORE:
                return sum(after <= gap for after in AFTER)
        return 0

    def recent_clap_prior(self, onset: int, score: float) -> float:
        """Return what a score becomes after those just before; to be called once per ruling, in order of onset."""
        nearest, farthest = COMPANY
        while self.ruled and onset - self.ruled[0][0] > farthest:
            self.ruled.popleft()
        likeliest = max((s for at, s in self.ruled if onset - at >= nearest), default=0.0)
        gain = math.exp(COMPANY_LOG_ODDS * likeliest)
        score = score * gain / (1 - score + score * gain)
        self.ruled.append((onset, score))
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
    blocks[silent] += np.float32(AIR) * peaks.max() * _AIR[: len(blocks)][silent]
    return samples


class ClapClassifier:
    """Rules on candidates of any number of rows. Rows never mix.

    Args:
        n_rows: how many rows there can be.
        clapnet: the embedded model.
        confirmer: weighs YAMNet's hearing.
        yamnet: None until its file is there; may be set at any time, and acts from the next look on.
        name_sounds: whether to name what is heard all the time, not only at claps.
    """

    def __init__(
        self, n_rows: int, clapnet: ClapNet, confirmer: Confirmer, yamnet: YamNet | None = None, *, name_sounds: bool = True
    ) -> None:
        self.yamnet = yamnet
        self._rows: list[_SlotState | None] = [None] * n_rows
        self._clapnet = clapnet
        self._confirmer = confirmer
        self._name_sounds = name_sounds
        self._to_name: deque[tuple[int, _SlotState]] = deque()

    def open(self, row: int) -> None:
        """Begin a new stream on ``row``: forget everything, time 0."""
        self._rows[row] = _SlotState()

    def hear(
        self,
        rows: NDArray[np.int64],
        hops: NDArray[np.float32],
        lost: NDArray[np.int64],
        candidates: Iterable[Candidate],
    ) -> list[Classification]:
        """Take the beat that the gate was given, and what the gate found in it; return what can be ruled now.

        Args:
            rows: (R,) distinct rows.
            hops: (R, n) samples; n ≤ 16,000.
            lost: (R,) hops missing just before.
            candidates: the gate's, in order of time.
        """
        active = {row: self._row(row) for row in rows.tolist()}
        for (row, state), block, n in zip(active.items(), hops, lost.tolist(), strict=True):
            state.add(block, n)
            if state.heard >= state.label_due and not state.waits_for_name:
                state.waits_for_name = True
                self._to_name.append((row, state))
        for candidate in candidates:
            self._row(candidate.row).cases.append(_PendingCandidate(candidate.onset))
        return self._rule(active, self.yamnet)

    def finish(self, row: int) -> list[Classification]:
        """Rule on what is open on ``row``, at the end of its stream, as if silence followed."""
        state = self._row(row)
        end = state.heard
        state.add(np.zeros(AFTER[-1] + HOP, np.float32), 0)
        rulings = self._rule({row: state}, self.yamnet)
        self._rows[row] = None
        return [replace(r, decided=min(r.decided, end)) for r in rulings]

    def settled(self, row: int) -> int:
        """Return the sample before which all on ``row`` has been ruled on: no ruling with an earlier onset will come."""
        state = self._row(row)
        known = max(0, state.heard - GATE_LAG)
        return min(known, state.cases[0].onset) if state.cases else known

    def labels(self, most: int | None = None) -> list[SoundLabels]:
        """Name what is to be named: about two windows a second of every row that is not silent.

        Args:
            most: how many windows YAMNet may hear now; the rows that have waited longest come first. Who gives less than
                all rows need gets fewer windows of each.
        """
        if self.yamnet is None or not self._name_sounds:
            return []
        named: list[SoundLabels] = []
        while self._to_name and (most is None or len(named) < most):
            row, state = self._to_name.popleft()
            state.waits_for_name = False
            if self._rows[row] is state and (sounds := self._name(row, state, self.yamnet)) is not None:
                named.append(sounds)
        return named

    # -- looking --------------------------------------------------------------------------------------------------------

    def _row(self, row: int) -> _SlotState:
        state = self._rows[row]
        if state is None:
            state = self._rows[row] = _SlotState()
        return state

    def _rule(self, active: dict[int, _SlotState], yamnet: YamNet | None) -> list[Classification]:
        waiting = [state for state in active.values() if state.cases]
        for look in range(len(LOOKS)):
            due = [
                (state, case)
                for state in waiting
                for case in state.cases
                if case.decided is None and case.look == look and state.heard >= case.onset + AFTER[look]
            ]
            if due:
                self._look(due, look, yamnet)
        return [ruling for row, state in active.items() if state.cases for ruling in self._release(row, state)]

    def _look(self, due: Sequence[tuple[_SlotState, _PendingCandidate]], look: int, yamnet: YamNet | None) -> None:
        """Look at cases in one batch; rule on those of which this look is sure, and on all at the last."""
        heard = AFTER[look]
        starts = [(state, case.onset - BEFORE, case.onset + heard) for state, case in due]
        samples = np.stack(
            [fill_digital_silence(state.window(begin, begin + PATCH, heard=end)) for state, begin, end in starts]
        )
        logits = self._clapnet.logits(log_mel(samples), LOOKS[look])
        for (state, case), logit in zip(due, logits.tolist(), strict=True):
            is_sure = self._weigh(state, case, logit, look, yamnet)
            if is_sure or look == _LAST:
                case.decided = case.onset + heard
                if look == _LAST:
                    case.score = max([case.score, *case.scores[: state.undisturbed(case)]])
            else:
                case.look += 1
                case.scores.append(case.score)

    def _weigh(self, state: _SlotState, case: _PendingCandidate, logit: float, look: int, yamnet: YamNet | None) -> bool:
        """Score a case by what is known at this look; return whether that is enough."""
        if yamnet is None:
            opinion = self._confirmer.alone(logit, look)
            case.score = opinion.score
            return opinion.sure
        if not self._confirmer.worth_asking(logit, look):
            case.score = self._confirmer.dismissed(logit, look)
            return True
        if look < EARLY:
            case.score = self._confirmer.alone(logit, look).score
        if look not in (EARLY, _LAST):
            return False
        if case.early is None:  # look EARLY, or a later one where YAMNet has come meanwhile
            hearing = yamnet.hear(state.context(case.onset, case.onset + AFTER[EARLY]))
            case.early = self._confirmer.head(hearing, EARLY)
            opinion = self._confirmer.early(case.early, logit)
        if look == _LAST:
            hearing = yamnet.hear(state.context(case.onset, case.onset + AFTER[_LAST]))
            opinion = self._confirmer.late(case.early, self._confirmer.head(hearing, _LAST), logit)
        case.score = opinion.score
        case.applause = float(hearing.scores[APPLAUSE])
        if case.score >= NAMED_LEAST_SCORE:
            case.labels = _top(hearing.scores, yamnet.names)
        return opinion.sure

    def _release(self, row: int, state: _SlotState) -> Iterable[Classification]:
        """Let rulings out in order of onset: one that was quick waits for one before it that was not."""
        while state.cases and (decided := state.cases[0].decided) is not None:
            case = state.cases.popleft()
            state.last_decided = max(state.last_decided, decided)
            score = state.recent_clap_prior(case.onset, case.score)
            yield Classification(row, case.onset, state.last_decided, score, case.labels, case.applause)

    # -- naming ---------------------------------------------------------------------------------------------------------

    def _name(self, row: int, state: _SlotState, yamnet: YamNet) -> SoundLabels | None:
        """Name the window that is due, and let the row wait again where another one is; None where it is silent."""
        late = max(0, state.heard - LONGEST_BLOCK - state.label_due)
        state.label_due += -(-late // LABEL_EVERY) * LABEL_EVERY  # sound that was lost, or waited too long, is not named
        at = state.label_due
        state.label_due += LABEL_EVERY
        if state.heard >= state.label_due:
            state.waits_for_name = True
            self._to_name.append((row, state))
        window = state.window(at - SAMPLES, at)
        if np.abs(window - window.mean()).max() < 10 ** (LABEL_LEAST_DBFS / 20):
            return None
        return SoundLabels(row, at, _top(yamnet.hear(window).scores, yamnet.names))


def _top(scores: NDArray[np.float32], names: Sequence[str]) -> Labels:
    best = np.argsort(scores)[::-1][:LABEL_MOST]
    return tuple((names[i], round(float(scores[i]), 3)) for i in best.tolist() if scores[i] >= LABEL_LEAST_SCORE)
