"""Pictures of sound: of what is looked at, where it is, and of nothing else."""

from __future__ import annotations

import numpy as np
from tests.peers.hearing import Witness

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.core.clock import SystemClock
from claptrap.core.events import Picture
from claptrap.runtime.spectrogram import BANDS, COLUMNS, Spectrograms
from claptrap.runtime.stream import Stream

CLOCK = SystemClock()


def scope(*sources: str) -> tuple[Spectrograms, Witness, list[Stream]]:
    seen = Witness()
    made = Spectrograms(seen, CLOCK)
    streams = [Stream(source, slot, "e") for slot, source in enumerate(sources)]
    for stream in streams:
        stream.write(np.zeros((1, HOP), np.float32), np.zeros(1, np.int64), CLOCK.monotonic())
        made.open(stream)
    return made, seen, streams


def tone(hz: float, hops: int) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(hops * HOP) / RATE_HZ).astype(np.float32).reshape(hops, HOP)


def batch(made: Spectrograms, *hops: np.ndarray, lost: int = 0) -> None:
    made.add(np.arange(len(hops)), np.stack(hops), np.full(len(hops), lost))


def test_only_what_is_looked_at_is_drawn_ten_times_a_second() -> None:
    made, seen, _ = scope("salon", "hall")
    sound = tone(1000, 2 * COLUMNS)
    for hop in sound:
        batch(made, hop, hop)
    assert seen.all(Picture) == []
    made.show(["hall"])
    for hop in sound:
        batch(made, hop, hop)
    assert [p.source_id for p in seen.all(Picture)] == ["hall", "hall"]
    made.show([])
    batch(made, *tone(1000, 2))
    assert len(seen.all(Picture)) == 2


def test_a_picture_shows_how_loud_and_how_high() -> None:
    made, seen, _ = scope("salon")
    made.show(["salon"])
    for hop in (*tone(300, COLUMNS), *tone(4000, COLUMNS), *np.zeros((2 * COLUMNS, HOP), np.float32)):
        batch(made, hop)
    low, high, _, silence = (np.frombuffer(p.columns, np.uint8).reshape(COLUMNS, BANDS + 1) for p in seen.all(Picture))
    assert low[-1, 0] == 255
    assert low[-1, 1:].argmax() < high[-1, 1:].argmax()
    assert not silence.any()


def test_a_picture_lies_where_its_sound_was_whatever_was_lost() -> None:
    """The clock of a column is that of the stream, as for verdicts; a gap begins another picture."""
    made, seen, (stream,) = scope("salon")
    made.show(["salon"])
    for i in range(3 + COLUMNS):
        batch(made, np.zeros(HOP, np.float32), lost=7 if i == 3 else 0)
    (picture,) = seen.all(Picture)
    assert abs(picture.timestamp - stream.unix((3 + 7) * HOP / RATE_HZ, CLOCK)) < 0.01
