"""From beats to claps, events, labels: called beat by beat, without a thread."""

from __future__ import annotations

import queue
from dataclasses import replace

import numpy as np
import pytest
from tests.peers.hearing import Album, Clipboard, LoudClassifier, LoudOnsetDetector, Witness, clap, quiet, spec

from claptrap.audio.frame import HOP
from claptrap.core.clock import Clock
from claptrap.core.events import Clap, Event, Heard, SheddingChanged, Verdict
from claptrap.core.spec import PatternSpec, SourceSpec
from claptrap.core.triggers import RhythmSpec, SoundSpec
from claptrap.detect.embedding import NET_HIDDEN, POINTS, Embedding
from claptrap.detect.profile import Example, Profile, serialized
from claptrap.runtime.batch import HopBatch
from claptrap.runtime.classifier_thread import ClassifierThread
from claptrap.runtime.stream import HOP_S, Stream
from claptrap.sources.pacing import WATCHED_S

NOW_S = 5_000.0
UTC_S = 1_700_000_000.0


class StillClock(Clock):
    """It is always the same moment, until it is said to be later."""

    later_s = 0.0

    def monotonic(self) -> float:
        return NOW_S + self.later_s

    def unix(self) -> float:
        return UTC_S


class Rig:
    """A judging without its thread, and a gate in front of it."""

    def __init__(self, *specs: SourceSpec) -> None:
        self.specs = {s.id: s for s in specs}
        self.told: list[Event] = []
        self.decided_at: list[float] = []  # of those
        self.status = Witness()
        self.clock = StillClock()
        self.due_at = NOW_S  # of all that is heard
        self.clipboard = Clipboard()
        self.album = Album()
        self.classifier = LoudClassifier(8)
        self._detector = LoudOnsetDetector(8)
        self.classifier_thread = ClassifierThread(
            lambda: self.classifier,
            queue.Queue(),
            self.specs.get,
            self._hear_event,
            self.status,
            self.clock,
            self.clipboard,
            self.album,
        )

    def _hear_event(self, event: Event, decided_at: float) -> None:
        self.told.append(event)
        self.decided_at.append(decided_at)

    def hear(self, stream: Stream, *hops: np.ndarray, opened: bool = False, finished: bool = False) -> None:
        """Hear hops that arrive one after the other until NOW_S."""
        sound = np.concatenate(hops)
        slots, none = np.array([stream.slot]), np.zeros(1, np.int64)
        if opened:
            self._detector.reset(stream.slot)
        for i, hop in enumerate(sound):
            stream.write(hop[None], none, NOW_S - (len(sound) - 1 - i) * HOP_S)
            found = tuple(self._detector.process(slots, hop[None], none))
            ends = (stream,) if finished and i == len(sound) - 1 else ()
            self.classifier_thread.process(
                HopBatch((stream,) if opened and i == 0 else (), slots, hop[None], none, found, ends, self.due_at)
            )


def test_an_event_lies_where_its_sound_was_in_utc() -> None:
    """The stream's time, the machine's, and the calendar's, put together: to the millisecond."""
    rig = Rig(spec("salon"))
    rig.hear(Stream("salon", 0, "e"), quiet(4), clap(), quiet(5), opened=True)
    (event,) = rig.told
    assert event.onset_s == pytest.approx(4 * HOP_S)
    assert event.timestamp == pytest.approx(UTC_S - 6 * HOP_S, abs=1e-3)
    (heard_clap,) = rig.status.all(Clap)
    assert heard_clap.timestamp == event.timestamp
    assert (heard_clap.source_id, heard_clap.score) == ("salon", event.score)


@pytest.mark.parametrize("behind_s", [0.0, 150.0])
def test_an_event_is_as_old_as_its_sound_however_far_hearing_is_behind(behind_s: float) -> None:
    """On a machine that is full, minutes; what acts on it must know."""
    rig = Rig(spec("salon"))
    rig.clock.later_s = behind_s
    rig.hear(Stream("salon", 0, "e"), quiet(4), clap(), quiet(5), opened=True)
    assert rig.decided_at == [pytest.approx(NOW_S - 5 * HOP_S, abs=1e-3)]


def test_verdicts_show_near_misses_with_the_threshold_in_force() -> None:
    """A person sees how far from a clap it was."""
    rig = Rig(spec("salon", threshold=0.7))
    rig.hear(Stream("salon", 0, "e"), clap(0.6), quiet(9), clap(0.8), opened=True)
    assert [(v.score, v.threshold, v.accepted) for v in rig.status.all(Verdict)] == [(0.6, 0.7, False), (0.8, 0.7, True)]
    assert [h.labels for h in rig.status.all(Heard)] == [(("Clapping", 0.8),)] * 2


def test_sounds_are_named_only_while_somebody_wants_to_know() -> None:
    """Claps are judged all the same, and keep their labels."""
    rig = Rig(spec("salon", delay_s=0.01))
    stream = Stream("salon", 0, "e")
    rig.classifier_thread.name_sounds(is_wanted=False)
    rig.hear(stream, clap(), quiet(9), opened=True)
    assert rig.status.all(Heard) == []
    assert [e.labels for e in rig.told] == [(("Clapping", 0.8),)]
    rig.classifier_thread.name_sounds(is_wanted=True)
    rig.hear(stream, quiet())
    assert len(rig.status.all(Heard)) == 1


def test_events_count_from_nought_in_each_epoch() -> None:
    """(source, epoch, sequence) names an event for ever."""
    rig = Rig(spec("salon", delay_s=0.1))
    for epoch in ("first", "second"):
        rig.hear(Stream("salon", 0, epoch), clap(), quiet(9), clap(), opened=True, finished=True)
    assert [e.id for e in rig.told] == ["salon:first:0", "salon:first:1", "salon:second:0", "salon:second:1"]


def test_the_newest_wishes_act_from_the_next_ruling_on() -> None:
    """Without a new stream, and without forgetting when the last detection was."""
    rig = Rig(spec("salon", delay_s=10.0))
    stream = Stream("salon", 0, "e")
    rig.hear(stream, clap(), quiet(9), clap(), opened=True)
    assert len(rig.told) == 1
    rig.specs["salon"] = spec("salon", delay_s=0.1, name="Chambre")
    rig.hear(stream, quiet(5), clap())
    assert [(e.sequence, e.source_name) for e in rig.told] == [(0, "Salon"), (1, "Chambre")]


def test_a_source_that_was_removed_is_not_heard_any_more() -> None:
    """Its sound may still be on the way."""
    rig = Rig(spec("salon"))
    stream = Stream("salon", 0, "e")
    rig.hear(stream, quiet(3), opened=True)
    del rig.specs["salon"]
    rig.hear(stream, clap(), quiet(3), finished=True)
    assert rig.told == []
    assert rig.status.all(Verdict) == []


def test_a_stream_of_a_source_that_was_removed_takes_no_one_s_place() -> None:
    """A stream that opens too late, on a row that another had, is heard by nobody."""
    rig = Rig(spec("salon"))
    rig.hear(Stream("salon", 0, "e"), quiet(3), opened=True)
    rig.hear(Stream("gone", 0, "e"), clap(), opened=True)
    assert rig.told == []


def test_an_echo_is_no_second_clap() -> None:
    """What follows within 85 ms is the room."""
    rig = Rig(spec("salon", delay_s=0.01))
    rig.hear(Stream("salon", 0, "e"), clap(), quiet(2), clap(0.8), quiet(3), clap(0.7), opened=True)
    assert [e.score for e in rig.told] == [pytest.approx(0.9), pytest.approx(0.7)]


def test_the_sound_around_a_detection_is_cut_out_to_the_sample() -> None:
    """From a second before the onset to one and a half after it, as soon as that has been heard."""
    rig = Rig(spec("salon", clips=True))
    stream = Stream("salon", 0, "e")
    before = np.random.default_rng(1).uniform(-0.09, 0.09, (80, 320)).astype(np.float32)
    after = np.random.default_rng(2).uniform(-0.09, 0.09, (80, 320)).astype(np.float32)
    rig.hear(stream, before, clap(), after[:73], opened=True)
    assert rig.clipboard.clips == []
    rig.hear(stream, after[73:])
    (clip,) = rig.clipboard.clips
    (event,) = rig.told
    assert (clip.event_id, clip.timestamp) == (event.id, event.timestamp)
    assert len(clip.samples) == 2.5 * 16_000
    assert np.array_equal(clip.samples, np.concatenate((before[30:], clap(), after[:74])).ravel())


def test_no_sound_is_kept_of_a_source_that_does_not_want_it() -> None:
    """Off unless switched on; switched off, what waits is forgotten; switched on, nothing from before can be heard."""
    rig = Rig(spec("salon"))
    stream = Stream("salon", 0, "e")
    rig.hear(stream, clap(), quiet(100), opened=True)
    assert rig.clipboard.clips == []
    rig.specs["salon"] = spec("salon", clips=True)
    rig.hear(stream, quiet(10), clap(), quiet(2))
    rig.specs["salon"] = spec("salon")
    rig.hear(stream, quiet(100))
    assert len(rig.told) == 2
    assert rig.clipboard.clips == []
    rig.specs["salon"] = spec("salon", clips=True)
    rig.hear(stream, np.full((1, 320), 0.05, np.float32), quiet(9), clap(), quiet(80))
    (clip,) = rig.clipboard.clips
    assert clip.event_id == "salon:e:2"
    assert len(clip.samples) == (9 + 75) * 320  # all but the hop with which it was switched on


def test_a_clip_ends_with_its_stream_and_begins_with_it() -> None:
    rig = Rig(spec("salon", clips=True))
    rig.hear(Stream("salon", 0, "e"), quiet(2), clap(), quiet(4), opened=True, finished=True)
    (clip,) = rig.clipboard.clips
    assert np.flatnonzero(clip.samples).tolist() == [2 * 320]
    assert len(clip.samples) == 7 * 320


def test_the_clip_of_a_row_of_claps_has_all_of_them() -> None:
    """Exactly two, 1.8 s apart: the row is closed 2 s after the second, and the clip goes on to half a second later."""
    rig = Rig(spec("salon", clips=True, patterns=(PatternSpec(2, at_least=False, max_gap_s=2.0),)))
    rig.hear(Stream("salon", 0, "e"), clap(), quiet(89), clap(), quiet(200), opened=True)
    (clip,) = rig.clipboard.clips
    assert np.flatnonzero(clip.samples).tolist() == [0, 90 * 320]
    assert len(clip.samples) == pytest.approx((1.8 + 2.0 + 0.5) * 16_000, abs=320)


def test_near_misses_are_kept_and_what_is_none_is_not() -> None:
    """From a score of .1 on, whatever the threshold; each as soon as enough of it has been heard."""
    rig = Rig(spec("a", threshold=0.8), spec("gone"))
    stream = Stream("a", 1, "e")
    rig.hear(stream, clap(0.9), quiet(20), clap(0.3), quiet(5), opened=True)
    assert [(c.source_id, c.score, c.is_clap) for c in rig.album.candidates] == [("a", 0.9, True)]
    rig.hear(stream, quiet(20))
    assert [(c.score, c.is_clap, c.was_calibrating) for c in rig.album.candidates] == [
        (0.9, True, False),
        (0.3, False, False),
    ]
    assert len({c.id for c in rig.album.candidates}) == 2


def test_a_profile_reaches_the_classifier_and_leaves_it_again() -> None:
    """With the stream, at a change, and at its end; an equal spec changes nothing."""
    rig = Rig(spec("a"))
    stream = Stream("a", 1, "e")
    rig.hear(stream, clap(0.9), quiet(), opened=True)
    matchers = rig.classifier.matchers
    assert matchers[1] is None
    example = Example(is_clap=True, embedding=Embedding(np.ones((POINTS, NET_HIDDEN), np.float32), None))
    rig.specs["a"] = replace(rig.specs["a"], profile=serialized(Profile.of(example)).decode())
    rig.hear(stream, clap(0.9), quiet())
    first = matchers[1]
    assert first is not None
    assert first.profile.n_claps == 1
    rig.specs["a"] = replace(rig.specs["a"])
    rig.hear(stream, clap(0.9), quiet())
    assert matchers[1] is first
    rig.specs["a"] = replace(rig.specs["a"], profile="")
    rig.hear(stream, clap(0.9), quiet())
    assert matchers[1] is None


def test_a_sound_is_heard_while_no_page_is_open_and_only_where_it_is_wanted() -> None:
    """The stand-in names each clap; a source without sounds has its labels named for pages alone."""
    hand = SoundSpec("hand", "A hand", ("Clapping",), threshold=0.5)
    rig = Rig(replace(spec("salon", threshold=1.0), sounds=(hand,)), spec("cellar", threshold=1.0))
    rig.classifier_thread.name_sounds(is_wanted=False)
    for slot, name in enumerate(("salon", "cellar")):
        rig.hear(Stream(name, slot, "e"), quiet(4), clap(), quiet(5), opened=True)
    (event,) = rig.told
    assert (event.source_id, event.what, event.trigger, event.trigger_name) == ("salon", "sound", "hand", "A hand")
    assert (event.claps, event.labels) == (0, (("Clapping", 0.8),))
    assert rig.status.all(Heard) == []


def test_a_rhythm_is_an_event_beside_its_claps() -> None:
    rhythm = RhythmSpec("knock", "Knock", (2.0, 1.0, 1.0))
    rig = Rig(replace(spec("salon", delay_s=0.01), rhythms=(rhythm,)))
    rig.hear(
        Stream("salon", 0, "e"),
        *(part for gap in (40, 20, 20, 150) for part in (clap(), quiet(gap - 1))),
        opened=True,
    )
    assert [(event.what, event.claps) for event in rig.told] == [("clap", 1)] * 4 + [("rhythm", 4)]
    assert (rig.told[-1].trigger_name, rig.told[-1].onset_s) == ("Knock", rig.told[0].onset_s)


def test_what_waits_too_long_costs_names_then_the_late_look_until_it_no_longer_does() -> None:
    rig = Rig(spec("salon"))
    salon = Stream("salon", 0, "e")
    rig.hear(salon, quiet(1), opened=True)
    looks = [rig.classifier.looks_late]
    for later_s, behind_s in (
        (0.0, 1.5),
        (0.6, 1.5),
        (1.0, 2.5),
        (1.6, 2.5),
        (2.0, 0.1),
        (31.0, 0.1),
        (40.0, 0.1),
        (70.1, 0.1),
    ):
        rig.clock.later_s, rig.due_at = later_s, NOW_S + later_s - behind_s
        rig.hear(salon, quiet(1))
        looks.append(rig.classifier.looks_late)
    assert [change.level for change in rig.status.all(SheddingChanged)] == [1, 2, 1, 0]
    assert looks == [True, True, True, True, False, False, False, True, True]


def test_sound_that_comes_all_at_once_is_no_overload() -> None:
    """As after a pause of the network: it waits, but not for long."""
    rig = Rig(spec("salon"))
    salon = Stream("salon", 0, "e")
    rig.hear(salon, quiet(1), opened=True)
    for later_s, behind_s in ((0.0, 4.0), (0.4, 3.0), (0.45, 0.9), (0.6, 3.0), (1.0, 0.0)):
        rig.clock.later_s, rig.due_at = later_s, NOW_S + later_s - behind_s
        rig.hear(salon, quiet(1))
    assert rig.status.all(SheddingChanged) == []


def test_sound_comes_when_the_next_look_at_a_candidate_needs_it_and_that_of_references_too() -> None:
    """The hop in which the look's last sample lies, by the stream's anchor; then nothing is urgent any more."""
    rig = Rig(replace(spec("salon"), references=("tv",)), spec("tv"))
    salon, tv = Stream("salon", 0, "e"), Stream("tv", 1, "e")
    rig.hear(tv, quiet(3), opened=True)
    rig.classifier.awaits[0] = 4 * HOP + 1
    rig.hear(salon, quiet(3), opened=True)
    for stream in (salon, tv):
        assert stream.pacing.is_urgent
        assert stream.pacing.next_at(NOW_S) == pytest.approx(min(NOW_S + 2 * HOP_S, NOW_S + WATCHED_S))
    rig.classifier.awaits[0] = 3 * HOP + 1
    rig.hear(salon, quiet())
    assert salon.pacing.next_at(NOW_S - HOP_S) == pytest.approx(NOW_S)
    del rig.classifier.awaits[0]
    rig.hear(salon, quiet())
    rig.hear(tv, quiet())
    assert not salon.pacing.is_urgent
    assert not tv.pacing.is_urgent
