"""The gate finds beginnings: on any row alike, however the sound is cut, however loud it is, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.peers.claps import recording

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.detect.onset import Candidate, OnsetDetector

NEAR = RATE_HZ // 50  # 20 ms


def hops(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    return sound[: len(sound) // HOP * HOP]


def found(sound: NDArray[np.float32], cuts: tuple[int, ...] = ()) -> list[int]:
    """Return the onsets that a gate finds in one row, given in pieces that end after ``cuts`` hops."""
    gate, out, begin = OnsetDetector(1), [], 0
    for end in (*cuts, len(sound) // HOP):
        if end > begin:
            piece = sound[begin * HOP : end * HOP][None]
            out += [c.onset for c in gate.process(np.zeros(1, np.int64), piece, np.zeros(1, np.int64))]
        begin = end
    return out


def claps(seed: int = 0, n: int = 6, spacing_s: float = 0.7) -> tuple[NDArray[np.float32], list[float]]:
    sound, onsets = recording(n, RATE_HZ, spacing_s=spacing_s)
    return hops(np.roll(sound, 160 * seed)), [o + 0.01 * seed for o in onsets]


def near(candidates: list[int], onset_s: float) -> bool:
    return any(abs(c - onset_s * RATE_HZ) < NEAR for c in candidates)


def test_every_clap_begins_somewhere() -> None:
    """Each clap is found within 20 ms of its onset."""
    sound, onsets = claps()
    candidates = found(sound)
    assert [o for o in onsets if not near(candidates, o)] == []


def test_rows_are_heard_as_if_alone() -> None:
    """A batch gives each row what it gives alone; and the rows do differ."""
    sounds = [claps(seed)[0] for seed in range(4)]
    alone = [found(s) for s in sounds]
    assert len({tuple(a) for a in alone}) == 4
    gate, slots = OnsetDetector(9), np.array([7, 0, 3, 8])
    together: list[Candidate] = []
    for i in range(0, len(sounds[0]), HOP):
        together += gate.process(slots, np.stack([s[i : i + HOP] for s in sounds]), np.zeros(4, np.int64))
    assert [[c.onset for c in together if c.slot == slot] for slot in slots] == alone


@pytest.mark.parametrize("seed", range(5))
def test_any_cutting_gives_the_same(seed: int) -> None:
    """Stream = whole."""
    sound, _ = claps(seed)
    cuts = np.sort(np.random.default_rng(seed).choice(len(sound) // HOP, 12, replace=False))
    assert found(sound, tuple(cuts.tolist())) == found(sound) != []


def test_louder_moves_no_onset() -> None:
    """Twice the amplitude gives the same candidates."""
    sound, _ = claps()
    assert found(2 * sound) == found(sound) != []


@pytest.mark.parametrize("level", [0.0, 0.5, -1.0])
def test_silence_and_offset_begin_nothing(level: float) -> None:
    """Exact zeros and a constant have no beginnings, not even at the stream's start."""
    assert found(np.full(5 * RATE_HZ // HOP * HOP, level, np.float32)) == []


def test_the_edge_of_a_gap_is_no_beginning() -> None:
    """Sound that sets in after lost hops is not an onset; a clap soon after it is, at its true time."""
    noise = np.random.default_rng(1).normal(0, 0.1, (1, 50 * HOP)).astype(np.float32)
    sound, onsets = claps()
    gate, slot = OnsetDetector(1), np.zeros(1, np.int64)
    gate.process(slot, np.zeros((1, 10 * HOP), np.float32), np.zeros(1, np.int64))
    assert gate.process(slot, noise, np.array([5])) == []
    after = [c.onset - (10 + 5 + 50 + 3) * HOP for c in gate.process(slot, sound[None], np.array([3]))]
    assert near(after, onsets[0])


def test_a_clap_right_at_the_start_is_found() -> None:
    """A clap in the first 200 ms of a stream counts."""
    sound, onsets = recording(1, RATE_HZ, lead_s=0.15)
    assert near(found(hops(sound)), onsets[0])


def test_claps_are_found_after_the_noise_jumps_up() -> None:
    """After 30 dB more noise, a clap that stands out of it is found at once."""
    rng = np.random.default_rng(2)
    sound, onsets = claps(n=3)
    quiet, loud = rng.normal(0, 3e-4, 2 * RATE_HZ), rng.normal(0, 1e-2, len(sound))
    candidates = found(hops(np.concatenate([quiet, loud + 1.5 * sound]).astype(np.float32)))
    assert all(near(candidates, 2 + o) for o in onsets)


def test_five_minutes_of_silence_change_nothing() -> None:
    """A clap after five minutes of exact zeros is found at its time."""
    sound, onsets = claps(n=1)
    gate, slot, none = OnsetDetector(1), np.zeros(1, np.int64), np.zeros(1, np.int64)
    for _ in range(300):
        assert gate.process(slot, np.zeros((1, RATE_HZ), np.float32), none) == []
    assert near([c.onset - 300 * RATE_HZ for c in gate.process(slot, sound[None], none)], onsets[0])
