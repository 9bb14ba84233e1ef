"""Who has clapped is likely to clap again: what the judge makes of a doubtful sound depends on those just before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.detect.clapnet import AFTER, ClapNet, load_clapnet
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.confirm import Confirmer, HeadOutput, ModelScore
from claptrap.detect.onset import Candidate
from claptrap.detect.prior import NEXT_WINDOW, RecentClapPrior
from claptrap.detect.slot import ONSET_LAG

BLOCK = RATE_HZ


class Scripted(Confirmer):
    """Sure at the first look, of the scores given, one per candidate in order of time."""

    def __init__(self, scores: Iterable[float]) -> None:
        self._scores = iter(scores)

    def embedded_score(self, net: HeadOutput, point: int) -> ModelScore:
        return ModelScore(next(self._scores), is_decisive=point == 0 and np.isfinite(net.log_odds))


@pytest.fixture(scope="module")
def clapnet() -> ClapNet:
    return load_clapnet()


def scores_of(clapnet: ClapNet, heard: Sequence[tuple[float, float]], slots: Sequence[int] | None = None) -> list[float]:
    """Return the scores that candidates (onset in seconds, score of its own) get; all on row 0 if ``slots`` is None."""
    judge = ClapClassifier(2, clapnet, Scripted(score for _, score in heard))
    where = slots or [0] * len(heard)
    both, none = np.arange(2), np.zeros(2, np.int64)
    silence: NDArray[np.float32] = np.zeros((2, BLOCK), np.float32)
    scores: list[float] = []
    for second in range(int(heard[-1][0]) + 2):
        due = [
            Candidate(slot, round(onset * RATE_HZ))
            for slot, (onset, _) in zip(where, heard, strict=True)
            if second <= onset < second + 1
        ]
        scores += [ruling.score for ruling in judge.process(both, silence, none, due)]
    return scores


@pytest.mark.parametrize(
    ("after_s", "gains"), [(0.1, False), (0.14, False), (0.16, True), (0.5, True), (1.9, True), (2.1, False)]
)
def test_the_benefit_of_the_doubt_is_given_for_2_s_but_not_to_an_echo(clapnet: ClapNet, after_s: float, gains: bool) -> None:
    """A doubtful sound after a clear clap is one more, unless it comes so soon that the room may have made it."""
    first, second = scores_of(clapnet, [(0.3, 0.97), (0.3 + after_s, 0.3)])
    assert first == 0.97
    assert (second > 0.5) if gains else (second == pytest.approx(0.3))


@pytest.mark.parametrize(("after_s", "rises"), [(0.06, False), (0.12, True), (0.25, True), (0.29, True), (0.34, False)])
def test_the_clap_that_follows_speaks_for_a_doubtful_sound(clapnet: ClapNet, after_s: float, rises: bool) -> None:
    """Of a pair the first is often the doubtful one. What follows later, or is doubtful too, says nothing of it."""
    assert (scores_of(clapnet, [(0.3, 0.2), (0.3 + after_s, 0.97)])[0] > 0.5) is rises
    assert scores_of(clapnet, [(0.3, 0.2), (0.3 + after_s, 0.45)])[0] == pytest.approx(0.2)
    assert scores_of(clapnet, [(0.3, 0.01), (0.3 + after_s, 0.97)])[0] == pytest.approx(0.01)
    onsets = [round(0.3 * RATE_HZ), round((0.3 + after_s) * RATE_HZ)]
    replayed = RecentClapPrior().apply_all(onsets, [0.2, 0.97])  # of what is kept as embeddings
    assert (replayed[0] > 0.5) is rises


@pytest.mark.parametrize("gap", [1000, 3200])
def test_a_clap_does_not_wait_for_a_doubtful_sound_before_it(clapnet: ClapNet, gap: int) -> None:
    """It decides both; and what is doubtful waits 0.3 s, however the sound is cut into blocks."""
    assert not RecentClapPrior().waits(0, 0.6)
    recent = RecentClapPrior()
    recent.apply(0, 0.97)
    assert not recent.waits(8000, 0.4)  # the clap before has decided it
    for block in (HOP, 4 * HOP, RATE_HZ):
        judge = ClapClassifier(1, clapnet, Scripted([0.2, 0.97, 0.1]))
        slot, none, found = np.zeros(1, np.int64), np.zeros(1, np.int64), []
        due = [Candidate(0, onset) for onset in (4800, gap + 4800, 24_000)]
        for begin in range(0, 3 * RATE_HZ, block):
            new = [one for one in due if begin <= one.onset < begin + block]
            found += judge.process(slot, np.zeros((1, block), np.float32), none, new)
        at = gap + 4800 + AFTER[0]
        assert [one.decided for one in found] == [at, at, 24_000 + NEXT_WINDOW[1] + ONSET_LAG]


def test_a_doubtful_sound_alone_stays_doubtful(clapnet: ClapNet) -> None:
    """Nothing is given to the first, nor for what comes after it."""
    assert scores_of(clapnet, [(0.3, 0.3), (2.8, 0.97)]) == [0.3, 0.97]


@pytest.mark.parametrize("score", [0.05, 0.2, 0.3])
def test_doubtful_sounds_do_not_make_a_clap_of_each_other(clapnet: ClapNet, score: float) -> None:
    """A hammer may go on for a minute."""
    assert max(scores_of(clapnet, [(0.3 + 0.5 * i, score) for i in range(120)])) < 0.5


def test_the_likelier_the_clap_before_the_more_is_given(clapnet: ClapNet) -> None:
    """Steadily, whatever threshold somebody has chosen; and never less than the score of its own."""
    given = [scores_of(clapnet, [(0.3, before), (0.8, 0.4)])[1] for before in np.linspace(0, 1, 21).tolist()]
    assert given[0] == pytest.approx(0.4)
    assert np.all(np.diff(given) > 0)
    assert scores_of(clapnet, [(0.3, 1.0), (0.8, 1.0), (1.3, 0.0)]) == [1.0, 1.0, 0.0]


def test_a_burst_of_look_alikes_raises_the_bar_for_the_next(clapnet: ClapNet) -> None:
    """A keyboard's fourth key is no clap though it sounds like one; after 2 s of quiet the same sound is one again."""
    keys = [(0.3, 0.2), (0.6, 0.1), (0.9, 0.3)]
    assert scores_of(clapnet, [*keys, (1.2, 0.9)])[-1] < 0.5
    assert scores_of(clapnet, [*keys, (3.0, 0.9)])[-1] == pytest.approx(0.9)
    assert scores_of(clapnet, [(0.3, 0.001), (0.6, 0.001), (0.9, 0.001), (1.2, 0.9)])[-1] == pytest.approx(0.9, abs=1e-3)


def test_a_sure_clap_is_heard_in_any_burst_and_one_look_alike_is_no_burst(clapnet: ClapNet) -> None:
    keys = [(0.3 + 0.2 * i, 0.3) for i in range(20)]
    assert scores_of(clapnet, [*keys, (4.4, 0.99)])[-1] > 0.5
    assert scores_of(clapnet, [(0.3, 0.01), (0.8, 0.6)])[-1] > 0.6


def test_what_is_heard_elsewhere_gives_nothing(clapnet: ClapNet) -> None:
    """Rows never mix, and a new stream begins without a past."""
    assert scores_of(clapnet, [(0.3, 0.97), (0.8, 0.3)], slots=[0, 1])[1] == pytest.approx(0.3)
    judge = ClapClassifier(1, clapnet, Scripted([0.97, 0.3]))
    slot, none, silence = np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros((1, BLOCK), np.float32)
    for expected in (0.97, 0.3):
        judge.reset(0)
        (ruling,) = judge.process(slot, silence, none, [Candidate(0, 4800)])
        assert ruling.score == pytest.approx(expected)
