"""Scenes of a room in which a television plays: real claps and real programmes through measured rooms and made paths.

What is rendered is never stored in the project.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from training.recordings import FloatArray, Recording, recordings, rooms

from claptrap.audio.frame import RATE_HZ

CLAP_S = (0.02, 0.35)  # of a recording that is played, before and after a clap's onset
EVERY_S = 2.0  # a clap of the room or of the television, in turn


@dataclass(frozen=True, slots=True)
class Scene:
    """What was recorded.

    Attributes:
        room, reference: (n,) at 16 kHz, as each machine records it; the reference's clock may drift.
        claps, television: onsets in the room's recording, seconds.
    """

    room: FloatArray
    reference: FloatArray
    claps: tuple[float, ...]
    television: tuple[float, ...]


class Material:
    """Recordings of one part, and all rooms.

    Args:
        folder: with ``claps``, ``speech``, ``music`` and ``rooms.npz``.
        part: of ``training.recordings``.
    """

    def __init__(self, folder: Path, part: int) -> None:
        of_part = [one for one in recordings(folder) if one.part == part]
        self.claps = [one for one in of_part if one.kind == "claps"]
        self.programmes = [one for one in of_part if one.kind in {"speech", "music"}]
        self.folder, self.rooms = folder, rooms(folder)

    def clap(self, rng: np.random.Generator) -> FloatArray:
        """Return a clap of unit peak, whose onset is ``CLAP_S[0]`` after its beginning."""
        recording: Recording = self.claps[rng.integers(len(self.claps))]
        samples, onset = recording.samples(), recording.onsets[rng.integers(len(recording.onsets))]
        later = min((other for other in recording.onsets if other > onset + 0.05), default=np.inf)
        length = min(CLAP_S[1], later - onset - 0.02)
        padded = np.pad(samples, round(CLAP_S[1] * RATE_HZ) + 1)
        at = round((onset + CLAP_S[1]) * RATE_HZ) + 1
        cut = padded[at - round(CLAP_S[0] * RATE_HZ) : at + round(length * RATE_HZ)].copy()
        cut[-320:] *= np.linspace(1, 0, 320, dtype=np.float32)
        whole: FloatArray = (cut / (np.abs(cut).max() + 1e-9)).astype(np.float32)
        return whole

    def programme(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return (n,) samples of speech and music, one after the other, each of unit power; some of it is silence."""
        parts: list[FloatArray] = []
        while sum(map(len, parts)) < n:
            part = self.programmes[rng.integers(len(self.programmes))].samples()[: 10 * RATE_HZ]
            parts += [part / (part.std() + 1e-6), np.zeros(round(rng.uniform(0, 1.5) * RATE_HZ), np.float32)]
        return np.concatenate(parts)[:n].astype(np.float32)

    def through_room(self, samples: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Through a measured or simulated room; the direct sound is where it was."""
        response = self.rooms[rng.integers(len(self.rooms))]
        response = response[max(0, int(np.abs(response).argmax()) - 8) :]
        n = 1 << (len(samples) + len(response)).bit_length()
        return np.fft.irfft(np.fft.rfft(samples, n) * np.fft.rfft(response, n), n)[: len(samples)].astype(np.float32)


def scene(
    material: Material,
    rng: np.random.Generator,
    *,
    television_db: float,
    seconds: float = 120.0,
    programme_db: float = -20.0,
    by_microphone: bool = False,
    drift: float = 0.0,
    together_s: float | None = None,
) -> Scene:
    """Render a scene.

    Args:
        material: what it is made of.
        rng: chooses.
        television_db: the peaks of the television's claps in the room, to those of the room's.
        seconds: how long it is.
        programme_db: the power of what else the television plays, to the peaks of its claps.
        by_microphone: whether the reference is a microphone at the television, which hears the room's claps as well,
            15 dB lower than the television's at the same loudness; otherwise the television's own signal.
        drift: by which share of the time the reference's clock is fast.
        together_s: where given, each clap of the television begins so much after one of the room.
    """
    n = round(seconds * RATE_HZ)
    played, clapped = material.programme(n, rng) * np.float32(10 ** (programme_db / 20)), np.zeros(n, np.float32)
    claps: list[float] = []
    television: list[float] = []
    for i, begin in enumerate(np.arange(2.0, seconds - 2.0, EVERY_S)):
        at = float(begin + rng.uniform(0, EVERY_S - 0.9))
        if together_s is not None:
            _add(clapped, material.clap(rng), at, claps)
            _add(played, material.clap(rng), at + together_s, television)
        elif i % 2:
            _add(clapped, material.clap(rng), at, claps)
        else:
            _add(played, material.clap(rng), at, television)
    heard_claps, heard_television = material.through_room(clapped, rng), material.through_room(played, rng)
    loud, soft = (_clap_peak(x, onsets) for x, onsets in ((heard_claps, claps), (heard_television, television)))
    television_gain = np.float32(10 ** (television_db / 20) * loud / soft)
    room = heard_claps + television_gain * heard_television
    room += np.float32(10 ** (-55 / 20) * loud) * rng.standard_normal(n, np.float32)
    reference = played
    if by_microphone:
        near, far = material.through_room(played, rng), material.through_room(clapped, rng)
        far *= np.float32(10 ** (-15 / 20) * _clap_peak(near, television) / _clap_peak(far, claps))
        reference = near + far
        reference += np.float32(10 ** (-55 / 20) * np.abs(near).max()) * rng.standard_normal(n, np.float32)
    if drift:
        reference = soxr.resample(reference, RATE_HZ, RATE_HZ * (1 + drift)).astype(np.float32)
    return Scene(_scaled(room), _scaled(reference), tuple(claps), tuple(television))


def _add(to: FloatArray, clap: FloatArray, at_s: float, onsets: list[float]) -> None:
    begin = round((at_s - CLAP_S[0]) * RATE_HZ)
    to[begin : begin + len(clap)] += clap
    onsets.append(at_s)


def _clap_peak(samples: FloatArray, onsets: list[float]) -> float:
    """Return the median peak of the claps."""
    return float(np.median([np.abs(samples[round(at * RATE_HZ) :][: RATE_HZ // 20]).max() for at in onsets]))


def _scaled(samples: FloatArray) -> FloatArray:
    return (samples * np.float32(0.5 / np.abs(samples).max())).astype(np.float32)
