"""The classifier: which onsets are claps.

Each candidate is scored as soon as 72 ms of it are known, and again at 112, 152 and 200 ms until a score is decisive (the
decision points). The embedded model runs at each. With YAMNet, the embedded model alone only rejects; YAMNet runs on the
rest at 112 ms, and at 200 ms on what was not clear then; of what the embedded model likes YAMNet hears what there is at 72
ms already, and where both are sure it is a clap. Where the next clap follows so soon that late points contain it too, the
scores of the earlier points count as well. Any number of slots: all candidates that are due are scored in one batch.

Recent-clap prior: who has clapped is likely to clap again, so the score of an onset up to 2 s after a likely clap rises.
And who claps has likely clapped just before: a doubtful score waits for 0.3 s, and rises if a clap follows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.core.events import Labels
from claptrap.detect.clapnet import AFTER, DECISION_POINTS, PATCH, ClapNet, log_mel
from claptrap.detect.confirm import EARLY, LATE, Confirmer, HeadOutput, ModelScore
from claptrap.detect.embedding import YAMNET_LAYERS, Embedding, embed
from claptrap.detect.matching import ProfileMatcher
from claptrap.detect.newest_sound import MEMORY
from claptrap.detect.onset import Candidate
from claptrap.detect.prior import NEXT_WINDOW
from claptrap.detect.slot import LABEL_EVERY, ONSET_LAG, PendingCandidate, SlotState
from claptrap.detect.yamnet import SAMPLES, YamNet, YamNetOutput

LONGEST_BLOCK = RATE_HZ
LABEL_LEAST_DBFS = -60.0  # peak of a window; below it there is nothing to label
LABEL_LEAST_SCORE = 0.1
LABEL_MOST = 5
LABELLED_LEAST_SCORE = 0.2  # candidates below this get no labels: nothing shows them
APPLAUSE = 62  # YAMNet's class
_LAST = len(DECISION_POINTS) - 1


@dataclass(frozen=True, slots=True)
class Classification:
    """The score of one candidate.

    Attributes:
        slot: the source's index in the arrays.
        onset: stream time, in samples at 16 kHz.
        decided: the last sample that was needed; classifications of a slot come in order of onset, so it never goes back.
        score: [0, 1]; 0.5 is the recommended threshold. Includes the recent-clap prior.
        labels: YAMNet's labels there, where the score may make a clap; empty without YAMNet.
        applause: YAMNet's score of the class "Applause" there, [0, 1]; 0 where it did not run.
        by_models: [0, 1], by the models alone: without profile and prior.
        layers: hidden ones that the models have made of it, by their numbers in ``Embedding``.
    """

    slot: int
    onset: int
    decided: int
    score: float
    labels: Labels = ()
    applause: float = 0.0
    by_models: float = 0.0
    layers: Mapping[int, NDArray[np.float32]] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SoundLabels:
    """What YAMNet says of the newest sound on a slot: of the window that ends at ``at``.

    Attributes:
        labels: the best.
        scores: of all classes.
        features: as in ``YamNetOutput``; empty where there are none.
        peak: of the window, [0, 1].
    """

    slot: int
    at: int
    labels: Labels
    scores: Mapping[str, float]
    features: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    peak: float = 0.0


class ClapClassifier:
    """Classifies candidates on any number of slots; slots are independent of each other.

    Args:
        n_slots: the number of slots.
        clapnet: the embedded model.
        confirmer: combines and calibrates scores.
        yamnet: None without its file; may be set at any time, for the next decision point on.
        name_sounds: whether ``labels`` gives labels, beside those of claps.
        memory: samples kept per slot, three seconds more than the longest block.

    Attributes:
        looks_late: False decides everything at 112 ms, what is doubtful by what is known then: for a machine too slow.
    """

    def __init__(
        self,
        n_slots: int,
        clapnet: ClapNet,
        confirmer: Confirmer,
        yamnet: YamNet | None = None,
        *,
        name_sounds: bool = True,
        memory: int = MEMORY,
    ) -> None:
        self.yamnet = yamnet
        self._memory = memory
        self._slots: list[SlotState | None] = [None] * n_slots
        self.clapnet = clapnet
        self.confirmer = confirmer
        self._name_sounds = name_sounds
        self.looks_late = True
        self._label_queue: dict[int, None] = {}  # slots whose labels are due, in turn; never more than there are slots

    def reset(self, slot: int) -> None:
        """Begin a new stream on ``slot``: forget everything, time 0."""
        self._label_queue.pop(slot, None)
        self._slots[slot] = SlotState(np.zeros(self._memory, np.float32))

    def apply_profile(self, slot: int, matcher: ProfileMatcher | None) -> None:
        """Score the candidates of a slot by a profile from the next decision point on; None for the models alone."""
        self._slot(slot).matcher = matcher

    def rehearse(self) -> None:
        """Run each model once on silence: its first run takes longer, and shall not delay the first clap."""
        self.clapnet.run(log_mel(np.zeros((1, PATCH), np.float32)), DECISION_POINTS[0])
        if self.yamnet is not None:
            output = self.yamnet.run(np.zeros(SAMPLES, np.float32))
            for point in (EARLY, LATE):
                self.confirmer.head(output, point)

    def heard(self, slot: int) -> int:
        """Return how many samples of the stream on ``slot`` have been heard."""
        return self._slot(slot).heard

    def samples(self, slot: int, begin: int, end: int) -> NDArray[np.float32]:
        """Return samples [begin, end) of the stream on ``slot``, of its last 4 s; zero where there are none."""
        return self._slot(slot).window(begin, end)

    def embedding(self, slot: int, onset: int, known: Mapping[int, NDArray[np.float32]] | None = None) -> Embedding:
        """Return the embedding of the candidate at ``onset`` of ``slot``; ``AFTER[-1]`` samples after it are heard.

        The models need not run again for the layers that are ``known``: those that its ``Classification`` has.
        """
        return embed(self._slot(slot), onset, self.clapnet, self.confirmer, self.yamnet, known)

    def process(
        self,
        slots: NDArray[np.int64],
        hops: NDArray[np.float32],
        lost: NDArray[np.int64],
        candidates: Iterable[Candidate],
    ) -> list[Classification]:
        """Return the classifications that are decided now, of each slot in order of onset.

        Args:
            slots: (R,) distinct slots.
            hops: (R, n) float32 at 16 kHz, the next of each slot; n ≤ ``memory`` less 3 s.
            lost: (R,) hops missing just before.
            candidates: what the onset detector found in the same arrays, in order of time.
        """
        active = {slot: self._slot(slot) for slot in slots.tolist()}
        for (slot, state), block, n in zip(active.items(), hops, lost.tolist(), strict=True):
            state.add(block, n)
            if state.heard >= state.label_due:
                self._label_queue.setdefault(slot)
        for candidate in candidates:
            self._slot(candidate.slot).pending.append(PendingCandidate(candidate.onset))
        return self._classify_due(active, self.yamnet)

    def finish(self, slot: int) -> list[Classification]:
        """Return the classifications of what is pending on ``slot`` at the end of its stream, as if silence followed."""
        state = self._slot(slot)
        end = state.heard
        state.add(np.zeros(NEXT_WINDOW[1] + AFTER[-1] + 2 * HOP, np.float32), 0)
        classifications = self._classify_due({slot: state}, self.yamnet)
        self._slots[slot] = None
        self._label_queue.pop(slot, None)
        return [replace(r, decided=min(r.decided, end)) for r in classifications]

    def settled(self, slot: int) -> int:
        """Return the sample before which every onset on ``slot`` is decided: no earlier one will come."""
        state = self._slot(slot)
        known = max(0, state.heard - ONSET_LAG)
        return min(known, state.pending[0].onset) if state.pending else known

    def awaited(self, slot: int) -> int | None:
        """Return how many samples must be heard for what is pending on ``slot`` to come further; None where nothing is."""
        return self._slot(slot).awaited()

    def labels(self, most: int | None = None, slots: Collection[int] | None = None) -> list[SoundLabels]:
        """Return the labels that are due: about two windows a second of every slot that is not silent.

        Args:
            most: run YAMNet on at most so many windows; the slots that have waited longest come first. With fewer than all
                slots need, each gets fewer windows.
            slots: of these alone; None for all.
        """
        if self.yamnet is None or not self._name_sounds:
            return []
        named: list[SoundLabels] = []
        while most is None or len(named) < most:
            slot = next((slot for slot in self._label_queue if slots is None or slot in slots), None)
            if slot is None:
                break
            del self._label_queue[slot]
            if (sounds := self._label(slot, self._slot(slot), self.yamnet)) is not None:
                named.append(sounds)
        return named

    # -- scoring --------------------------------------------------------------------------------------------------------

    def _slot(self, slot: int) -> SlotState:
        state = self._slots[slot]
        if state is None:
            state = self._slots[slot] = SlotState(np.zeros(self._memory, np.float32))
        return state

    def _classify_due(self, active: dict[int, SlotState], yamnet: YamNet | None) -> list[Classification]:
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
        return [c for slot, state in active.items() if state.pending for c in self._release(slot, state)]

    def _evaluate(self, due: Sequence[tuple[SlotState, PendingCandidate]], point: int, yamnet: YamNet | None) -> None:
        """Score candidates in one batch; decide those with a decisive score, and all at the last point."""
        heard = AFTER[point]
        samples = np.stack([state.patch(candidate.onset, heard) for state, candidate in due])
        logits, hidden = self.clapnet.run(log_mel(samples), DECISION_POINTS[point])
        for (state, candidate), logit, layer in zip(due, logits.tolist(), hidden, strict=True):
            candidate.layers[point] = layer
            is_decisive = self._weigh(state, candidate, HeadOutput(logit, layer), point, yamnet)
            if is_decisive or point == _LAST or (point >= EARLY and not self.looks_late):
                candidate.decided = candidate.onset + heard
                if point == _LAST:
                    candidate.score = max([candidate.score, *candidate.scores[: state.n_clean_points(candidate)]])
            else:
                candidate.point += 1
                candidate.scores.append(candidate.score)

    def _weigh(
        self, state: SlotState, candidate: PendingCandidate, net: HeadOutput, point: int, yamnet: YamNet | None
    ) -> bool:
        """Score a candidate by what is known at this point; return whether that is decisive."""
        is_last = point == _LAST
        if yamnet is None:
            scored = self.confirmer.embedded_score(net, point)
            return state.apply_score(candidate, scored, point, [net.hidden], is_last=is_last)
        if not (self.confirmer.needs_yamnet(net.log_odds, point) or state.resembles_a_clap(point, net.hidden)):
            candidate.score = candidate.by_models = self.confirmer.rejected_score(net.log_odds, point)
            return True
        if point < EARLY:
            return self._weigh_at_first(state, candidate, self.confirmer.embedded_score(net, point), yamnet)
        if point not in (EARLY, _LAST):
            return False
        if candidate.early is None:  # point EARLY, or a later one where YAMNet was set meanwhile
            output = yamnet.run(state.context(candidate.onset, candidate.onset + AFTER[EARLY]))
            candidate.early = self.confirmer.head(output, EARLY)
            candidate.layers[YAMNET_LAYERS[EARLY]] = candidate.early.hidden
            scored = self.confirmer.early_score(candidate.early.log_odds, net.log_odds)
        hidden = [net.hidden, candidate.early.hidden]
        if is_last:
            output = yamnet.run(state.context(candidate.onset, candidate.onset + AFTER[_LAST]))
            head = self.confirmer.head(output, _LAST)
            candidate.layers[YAMNET_LAYERS[_LAST]] = head.hidden
            scored = self.confirmer.late_score(candidate.early.log_odds, head.log_odds, net.log_odds)
            hidden.append(head.hidden)
        is_decisive = state.apply_score(candidate, scored, YAMNET_LAYERS[point], hidden, is_last=is_last)
        _note_yamnet(candidate, output, yamnet)
        return is_decisive

    def _weigh_at_first(self, state: SlotState, candidate: PendingCandidate, alone: ModelScore, yamnet: YamNet) -> bool:
        """Score a candidate at the first look; return whether both models are so sure of a clap that it is decided.

        A profile compares layers that are not known yet, so it is always waited for.
        """
        candidate.score = alone.score
        if state.has_profile or not self.confirmer.may_be_sure(alone):
            return False
        output = yamnet.run(state.context(candidate.onset, candidate.onset + AFTER[0]))
        scored = self.confirmer.first_score(self.confirmer.head(output, EARLY).log_odds, alone)
        if scored.is_decisive:
            candidate.score = candidate.by_models = scored.score
            _note_yamnet(candidate, output, yamnet)
        return scored.is_decisive

    def _release(self, slot: int, state: SlotState) -> Iterable[Classification]:
        """Yield decided candidates in order of onset: a quick one waits for an earlier one that is not decided."""
        while state.pending and (settled := state.settle_first()) is not None:
            candidate, (decided, next_score) = state.pending.popleft(), settled
            state.last_decided = max(state.last_decided, decided)
            score = state.prior.apply(candidate.onset, candidate.score, next_score)
            yield Classification(
                slot,
                candidate.onset,
                state.last_decided,
                score,
                candidate.labels,
                candidate.applause,
                candidate.by_models,
                candidate.layers,
            )

    # -- labels ---------------------------------------------------------------------------------------------------------

    def _label(self, slot: int, state: SlotState, yamnet: YamNet) -> SoundLabels | None:
        """Return the labels of the window that is due, None where it is silent; queue the slot again if another is due."""
        late = max(0, state.heard - LONGEST_BLOCK - state.label_due)
        state.label_due += -(-late // LABEL_EVERY) * LABEL_EVERY  # sound that was lost, or waited too long, is not labelled
        at = state.label_due
        state.label_due += LABEL_EVERY
        if state.heard >= state.label_due:
            self._label_queue.setdefault(slot)
        window = state.window(at - SAMPLES, at)
        peak = float(np.abs(window - window.mean()).max())
        if peak < 10 ** (LABEL_LEAST_DBFS / 20):
            return None
        output = yamnet.run(window)
        scores = dict(zip(yamnet.names, output.scores.tolist(), strict=True))
        return SoundLabels(slot, at, _top(output.scores, yamnet.names), scores, output.features, peak)


def _note_yamnet(candidate: PendingCandidate, output: YamNetOutput, yamnet: YamNet) -> None:
    """Note what YAMNet hears at a candidate that has a score."""
    candidate.applause = float(output.scores[APPLAUSE])
    if candidate.score >= LABELLED_LEAST_SCORE:
        candidate.labels = _top(output.scores, yamnet.names)


def _top(scores: NDArray[np.float32], names: Sequence[str]) -> Labels:
    best = np.argsort(scores)[::-1][:LABEL_MOST]
    return tuple((names[i], round(float(scores[i]), 3)) for i in best.tolist() if scores[i] >= LABEL_LEAST_SCORE)
