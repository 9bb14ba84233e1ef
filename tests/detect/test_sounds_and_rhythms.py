"""Sounds and rhythms as triggers: what counts, for how long, how near; and what random claps and music do to them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from claptrap.audio.frame import RATE_HZ
from claptrap.core.triggers import RhythmSpec, SoundSpec
from claptrap.detect.classifier import Classification
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.patterns import Detection
from claptrap.detect.rhythm import PAUSE_S, Rhythms, chance, chronotonic_distance, mean_rhythm
from claptrap.detect.slot import LABEL_EVERY
from claptrap.detect.sounds import SoundTriggers
from claptrap.detect.yamnet import SAMPLES

SHAVE = (2.0, 1.0, 1.0, 2.0, 4.0, 2.0)  # shave and a haircut, two bits
LONG_SHORT = (2.0, 1.0, 1.0, 2.0)


def rows(rhythms: Rhythms, *given: Sequence[float], pause_s: float = 3.0) -> list[Detection]:
    """Clap rows of intervals in seconds, with pauses between them, a hop at a time; return what is detected."""
    found: list[Detection] = []
    onsets: list[float] = []
    now = 1.0
    for row in given:
        onsets += [now, *(now + np.cumsum(row)).tolist()] if len(row) else [now]
        now = onsets[-1] + pause_s
    for sample in range(0, round(now * RATE_HZ) + 2 * RATE_HZ, 320):
        while onsets and onsets[0] * RATE_HZ < sample:
            at = round(onsets.pop(0) * RATE_HZ)
            found += rhythms.advance(at)
            rhythms.add(Classification(0, at, at + 1000, 0.9))
        found += rhythms.advance(sample)
    return found


def spec(intervals: Sequence[float] = LONG_SHORT, name: str = "one", tolerance: float = 0.2) -> RhythmSpec:
    return RhythmSpec(name, name, tuple(intervals), tolerance)


def at_tempo(intervals: Sequence[float], beat_s: float) -> list[float]:
    return [beat_s * one for one in intervals]


def test_the_distance_is_that_of_the_functions() -> None:
    """Gustafson's chains of (2, 1) and (1, 2) differ by a third in the outer thirds; the mean interval is a half."""
    assert chronotonic_distance((2, 1), (1, 2)) == pytest.approx(2 * (1 / 3) * (1 / 3) / (1 / 2))
    assert chronotonic_distance((2, 1, 1), (0.6, 0.3, 0.3)) == pytest.approx(0)
    other = (*LONG_SHORT, 1.0, 1.0)
    assert chronotonic_distance(SHAVE, other) == pytest.approx(chronotonic_distance(other, SHAVE))


@pytest.mark.parametrize("beat_s", [0.14, 0.2, 0.3, 0.5])
def test_a_rhythm_is_heard_at_any_tempo(beat_s: float) -> None:
    (found,) = rows(Rhythms([spec()]), at_tempo(LONG_SHORT, beat_s))
    assert (found.trigger, found.claps, found.onset) == ("one", 5, RATE_HZ)
    last = RATE_HZ + round(sum(LONG_SHORT) * beat_s * RATE_HZ)
    assert 0.5 * RATE_HZ < found.decided - last < PAUSE_S * RATE_HZ


def test_of_several_the_nearest_is_meant_and_others_are_not() -> None:
    rhythms = Rhythms([spec(), spec((1.0, 1.0, 2.0, 2.0), "other")])
    assert [one.trigger for one in rows(rhythms, at_tempo((1, 1, 2, 2), 0.2), at_tempo(LONG_SHORT, 0.25))] == [
        "other",
        "one",
    ]
    assert rows(Rhythms([spec()]), [0.3] * 4, [0.3] * 3, [0.6, 0.3, 0.3], [0.6, 0.3, 0.3, 0.6, 0.3]) == []
    assert rows(Rhythms([]), at_tempo(LONG_SHORT, 0.2)) == []


def test_a_rhythm_stands_alone() -> None:
    """Not at the end of more claps, nor at their beginning, nor within the pause after a row."""
    row = at_tempo(LONG_SHORT, 0.2)
    assert rows(Rhythms([spec()]), [0.5, *row]) == []
    assert rows(Rhythms([spec()]), [*row, 0.3]) == []
    assert len(rows(Rhythms([spec()]), row, row, pause_s=PAUSE_S - 0.5)) == 1
    assert rows(Rhythms([spec()]), [0.2] * 40) == []


def test_what_is_taught_by_a_person_is_heard_from_them_and_hardly_from_chance() -> None:
    """A person's intervals vary by 5 %; three examples. Random claps: 0.1 s and more apart, 0.5 s in the mean."""
    random = np.random.default_rng(3)

    def clapped(intervals: Sequence[float]) -> list[float]:
        beat_s = random.uniform(0.15, 0.3)
        return (np.array(intervals) * beat_s * random.normal(1, 0.05, len(intervals))).tolist()

    for intervals in (LONG_SHORT, SHAVE):
        taught = Rhythms([spec(mean_rhythm([clapped(intervals) for _ in range(3)]))])
        assert len(rows(taught, *(clapped(intervals) for _ in range(60)))) >= 58
        gaps = 0.1 + random.exponential(0.4, 6000)  # 50 minutes without a break
        ends = [0, *(np.flatnonzero(gaps > PAUSE_S) + 1).tolist(), len(gaps)]
        chunks = [gaps[a:b][:-1].tolist() for a, b in pairwise(ends) if b > a]
        assert len(rows(taught, *chunks)) <= 2
    assert 0.005 < chance(LONG_SHORT, 0.2) < 0.05 > 5 * chance(SHAVE, 0.2)


def test_music_makes_no_rhythm(shared: Path) -> None:
    """Every onset in a quarter of an hour of music, as if each were a clap."""
    rhythms = [Rhythms([spec()]), Rhythms([spec(SHAVE)])]
    found = 0
    heard_s = 0.0
    for path in sorted((shared / "audio" / "music").glob("*.flac")):
        samples, rate = soundfile.read(path, dtype="float32")
        if rate != RATE_HZ or samples.ndim > 1:
            continue
        heard_s += len(samples) / rate
        whole = samples[: len(samples) // 320 * 320][None]
        candidates = OnsetDetector(1).process(np.zeros(1, np.int64), whole, np.zeros(1, np.int64))
        for one in rhythms:
            for candidate in candidates:
                found += len(one.advance(candidate.onset))
                one.add(Classification(0, candidate.onset, candidate.onset, 0.9))
            found += len(one.finish())
        rhythms = [Rhythms([spec()]), Rhythms([spec(SHAVE)])]
        if heard_s > 900:
            break
    assert heard_s > 300
    assert found <= 3


def windows(trigger: SoundSpec, scores: Sequence[float]) -> list[Detection]:
    """Give windows with these scores, of which None is silence; return what is detected."""
    triggers = SoundTriggers([trigger])
    return [
        found
        for i, score in enumerate(scores)
        for found in triggers.process(SAMPLES + i * LABEL_EVERY, {"Glass": score, "Speech": 0.9})
    ]


def test_a_sound_is_detected_by_its_best_label_once_in_a_while() -> None:
    glass = SoundSpec("glass", "Glass", ("Shatter", "Glass"), threshold=0.4, delay_s=3.0)
    (found,) = windows(glass, [0.1, 0.39, 0.4, 0.8, 0.9, 0.2])
    assert (found.trigger, found.claps, found.score, found.labels[0]) == ("glass", 0, 0.4, ("Glass", 0.4))
    assert (found.onset, found.decided) == (2 * LABEL_EVERY, SAMPLES + 2 * LABEL_EVERY)
    assert len(windows(glass, [0.5] * 20)) == 3  # windows every 0.48 s for 9.6 s, a detection every 3.36 s


def test_persistence_asks_for_windows_within_twice_the_time() -> None:
    """1.5 s are four windows; single misses, as between the tones of an alarm, do not matter."""
    alarm = SoundSpec("alarm", "Alarm", ("Glass",), threshold=0.3, persistence_s=1.5, delay_s=60.0)
    assert windows(alarm, [0.9] * 3) == []
    (found,) = windows(alarm, [0.9] * 4)
    assert found.score == 0.9
    assert len(windows(alarm, [0.9, 0.0] * 4)) == 1
    assert windows(alarm, [0.9, 0.0, 0.0] * 6) == []
