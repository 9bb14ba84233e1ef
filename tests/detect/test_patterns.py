"""Threshold, echoes, delay, rows of claps and applause."""

from __future__ import annotations

import pytest

from claptrap.audio.frame import RATE_HZ
from claptrap.core.spec import Hears, PatternSpec
from claptrap.detect.classifier import Classification
from claptrap.detect.patterns import Detection, DetectionSettings, Patterns, Reason
from claptrap.text.catalogue import MESSAGES

EXACTLY = {n: (PatternSpec(n, at_least=False),) for n in range(1, 5)}


def classification(at_s: float, score: float = 0.9, applause: float = 0.0) -> Classification:
    onset = round(at_s * RATE_HZ)
    return Classification(0, onset, onset + 1792, score, applause=applause)


def heard(
    settings: DetectionSettings,
    times: list[float],
    *,
    scores: dict[float, float] | None = None,
    until_s: float | None = None,
) -> list[Detection]:
    """Return the detections of claps at ``times``, with the stream heard ``until_s`` or to its end."""
    patterns, out = Patterns(settings), []
    for t in times:
        out += patterns.process(classification(t, (scores or {}).get(t, 0.9))).detections
    return [*out, *(patterns.finish() if until_s is None else patterns.advance(round(until_s * RATE_HZ)))]


def onsets(found: list[Detection]) -> list[float]:
    return [round(d.onset / RATE_HZ, 3) for d in found]


def test_the_threshold_decides() -> None:
    """A score at the threshold is a clap, one below is not."""
    settings = DetectionSettings(0.5, 0.01)
    assert onsets(heard(settings, [1.0, 2.0, 3.0], scores={1.0: 0.5, 2.0: 0.499})) == [1.0, 3.0]


def test_the_delay_is_the_least_time_between_detections() -> None:
    """Claps within the delay of a detection are claps, but make none."""
    assert onsets(heard(DetectionSettings(0.5, 1.0), [1.0, 1.6, 1.8, 2.0, 2.7])) == [1.0, 2.0]


def test_an_echo_is_no_clap() -> None:
    """What follows within 20 to 80 ms is a reflection; 100 ms later is another clap."""
    patterns = Patterns(DetectionSettings(0.5, 0.01))
    assert [patterns.process(classification(t)).is_clap for t in (1.0, 1.02, 1.08, 1.1)] == [True, False, False, True]


def test_a_single_is_not_delayed_by_default() -> None:
    """Any clap is told with its own decision."""
    (found,) = Patterns(DetectionSettings(0.5, 0.5)).process(classification(1.0)).detections
    assert (found.decided, found.claps) == (classification(1.0).decided, 1)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_exactly_so_many(n: int) -> None:
    """A row of another length makes no detection; the right one makes one, once it cannot go on."""
    settings = DetectionSettings(0.5, 0.01, EXACTLY[n])
    for length in range(1, 6):
        row = [1 + 0.55 * i for i in range(length)]
        assert [d.claps for d in heard(settings, row)] == ([n] if length == n else [])
        assert heard(settings, row, until_s=row[-1] + 0.69) == []
        assert len(heard(settings, row, until_s=row[-1] + 0.71)) == (length == n)


def test_the_decision_on_a_row_tells_its_true_latency() -> None:
    """A row that had to wait for its end was decided when that had been heard."""
    (found,) = heard(DetectionSettings(0.5, 0.01, EXACTLY[2]), [1.0, 1.3], until_s=5.0)
    assert found.onset == RATE_HZ
    assert found.decided == round((1.3 + 0.7) * RATE_HZ)


def test_at_least_two_is_told_at_the_second_and_once() -> None:
    """Nothing longer is wished, so there is nothing to wait for."""
    patterns = Patterns(DetectionSettings(0.5, 0.01, (PatternSpec(2),)))
    assert [len(patterns.process(classification(t)).detections) for t in (1.0, 1.3, 1.6)] == [0, 1, 0]


def test_a_single_waits_only_where_a_longer_row_is_wished() -> None:
    """One and two: one row makes one detection, and says how many."""
    settings = DetectionSettings(0.5, 0.01, (*EXACTLY[1], *EXACTLY[2]))
    assert [(d.claps, t) for d, t in zip(heard(settings, [1.0, 3.0, 3.4]), (1, 3), strict=True)] == [(1, 1), (2, 3)]
    assert heard(settings, [1.0], until_s=1.5) == []


def test_gaps_have_limits_of_their_own() -> None:
    """Too soon is not counted, too late begins a new row."""
    slow = DetectionSettings(0.5, 0.01, (PatternSpec(2, at_least=False, min_gap_s=0.4, max_gap_s=1.5),))
    assert onsets(heard(slow, [1.0, 1.2, 2.2])) == [1.0]
    assert heard(DetectionSettings(0.5, 0.01, EXACTLY[2]), [1.0, 2.2]) == []


def test_clapping_on_and_on_is_applause_once_until_it_is_over() -> None:
    """One detection when it begins, none until 2 s after the last clap, then claps count again."""
    row = [1 + 0.25 * i for i in range(20)]
    found = heard(DetectionSettings(0.5, 10.0), [*row, row[-1] + 1.9, row[-1] + 4.1])
    assert [(d.applause, d.claps) for d in found] == [(False, 1), (True, 6)]
    found = heard(DetectionSettings(0.5, 0.3), [*row, row[-1] + 1.9, row[-1] + 4.1])
    assert [d.applause for d in found].count(True) == 1
    assert onsets(found)[-1] == round(row[-1] + 4.1, 3)
    assert found[-2].applause


def test_patterns_do_not_apply_to_applause() -> None:
    """A source that waits for exactly three hears applause all the same, and no three in it."""
    found = heard(DetectionSettings(0.5, 0.5, EXACTLY[3]), [1 + 0.3 * i for i in range(12)])
    assert [d.applause for d in found] == [True]
    assert found[0].labels[0][0] == "Applause"


def test_a_crowd_is_applause_as_yamnet_hears_it() -> None:
    """Candidates that are no claps of one person, but applause for YAMNet."""
    patterns = Patterns(DetectionSettings(0.5, 0.5))
    found = [d for i in range(40) for d in patterns.process(classification(1 + 0.1 * i, 0.2, applause=0.8)).detections]
    assert [(d.applause, d.score) for d in found] == [(True, 0.8)]


@pytest.mark.parametrize(("hears", "kinds"), [(Hears.CLAPS, {False}), (Hears.APPLAUSE, {True}), (Hears.BOTH, {False, True})])
def test_a_source_hears_what_it_asks_for(hears: Hears, kinds: set[bool]) -> None:
    """Claps only, applause only, or both."""
    found = heard(DetectionSettings(0.5, 0.1, hears=hears), [1.0, *(4 + 0.25 * i for i in range(9))])
    assert {d.applause for d in found} == kinds


def test_new_wishes_act_from_the_next_ruling_on() -> None:
    """Threshold and delay change under way without forgetting what was heard."""
    patterns = Patterns(DetectionSettings(0.5, 0.5))
    assert len(patterns.process(classification(1.0)).detections) == 1
    patterns.apply(DetectionSettings(0.95, 5.0))
    assert not patterns.process(classification(2.0)).is_clap
    patterns.apply(DetectionSettings(0.5, 5.0))
    assert patterns.process(classification(3.0)).detections == ()
    assert len(patterns.process(classification(6.1)).detections) == 1


def reasons(settings: DetectionSettings, claps: list[tuple[float, float]], applause: float = 0.0) -> list[str]:
    patterns = Patterns(settings)
    return [str(patterns.process(classification(at, score, applause)).reason) for at, score in claps]


def test_every_ruling_has_its_reason() -> None:
    """Why each candidate was or was not told, for whoever tunes a source while clapping."""
    any_clap, two = DetectionSettings(0.5, 1.0), DetectionSettings(0.5, 0.01, (PatternSpec(2),))
    assert reasons(any_clap, [(1, 0.1), (2, 0.3), (3, 0.9), (3.05, 0.9), (3.5, 0.9)]) == [
        *("not_a_clap", "below", "told", "echo", "delay"),
    ]
    assert reasons(two, [(1, 0.9), (1.095, 0.9), (1.4, 0.9), (1.8, 0.9)]) == ["waiting", "too_close", "told", "same_row"]
    assert reasons(DetectionSettings(0.5, 0.01, EXACTLY[2]), [(1, 0.9), (1.3, 0.9), (1.6, 0.9)]) == [
        "waiting",
        "waiting",
        "same_row",
    ]
    assert reasons(DetectionSettings(0.5, 0.01, hears=Hears.APPLAUSE), [(1, 0.9)]) == ["not_wished"]
    row = [(1 + 0.3 * i, 0.9) for i in range(7)]
    assert reasons(DetectionSettings(0.5, 0.01), row)[-2:] == ["applause_begins", "in_applause"]
    assert reasons(DetectionSettings(0.5, 0.01, hears=Hears.CLAPS), row)[-2:] == ["not_wished", "in_applause"]


def test_every_reason_has_a_sentence() -> None:
    assert {f"verdict.{reason}" for reason in Reason} <= set(MESSAGES["en"])
