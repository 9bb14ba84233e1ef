"""Renders recordings many times over, lets the shipped gate find beginnings in them, and keeps the sound around each.

An example is what the judge would be asked about: a window of sound around a candidate of the gate, and whether it is a
clap.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.slot import CONTEXT
from training import sound
from training.recordings import BLIND, CLAPPING, FloatArray, Recording, hashed, recordings, rooms

BEFORE, AFTER = CONTEXT, 4_800  # samples kept around a candidate: YAMNet's window and more
CLIP_S = 5.0
NEAR_S = 0.040  # a candidate this close to a true onset is that clap
UNCLEAR_S = (-0.080, 0.120)  # other candidates this close to a true onset are neither
MOST_NEGATIVES = 6  # kept of one clip
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Example:
    """A candidate of the gate: (BEFORE + AFTER) samples as int16 with their scale, and what it is."""

    samples: NDArray[np.int16]
    scale: float
    is_clap: bool
    recording: str
    maker: str
    part: int


class Archive:
    """The recordings, read once, by kind; beds of the blind part are only heard under blind recordings."""

    def __init__(self, folder: Path) -> None:
        self.all = list(recordings(folder))
        self.rooms = rooms(folder)
        self._by_maker: dict[str, list[Recording]] = defaultdict(list)
        for r in self.all:
            if r.kind in CLAPPING:
                self._by_maker[r.maker].append(r)

    @functools.lru_cache(maxsize=4000)  # noqa: B019  # one archive lives as long as its process
    def samples(self, recording: Recording) -> FloatArray:
        """(n,) peak-normalised, without offset."""
        x = recording.samples()
        x = x - x.mean()
        return x / (np.abs(x).max() + 1e-9)

    def beds(self, kind: str, part: int) -> list[Recording]:
        """Speech or music that may lie under a recording of ``part``."""
        return [r for r in self.all if r.kind == kind and (r.part == BLIND) == (part == BLIND)]

    def others(self, recording: Recording) -> list[Recording]:
        """All clap recordings of the same maker."""
        return self._by_maker[recording.maker]


def variants(archive: Archive) -> Iterator[tuple[Recording, int]]:
    """Yield (recording, number) as often as each shall be rendered: rare recordists more often than frequent ones."""
    claps_of = Counter(r.maker for r in archive.all for _ in r.onsets)
    for r in archive.all:
        if r.kind in CLAPPING:
            n = round(np.clip(150 / np.sqrt(claps_of[r.maker]), 12, 60) * max(1, len(r.onsets) / 4) ** 0.5)
        else:
            n = {"neg": 8, "speech": 6, "music": 45}[r.kind]
        yield from ((r, i) for i in range(n))


def render(archive: Archive, recording: Recording, rng: Rng) -> tuple[FloatArray, list[int]]:
    """Return a clip with this recording in it, and the samples where claps begin."""
    x, onsets = _played(archive, recording, rng)
    if rng.random() < 0.55:
        x = sound.through_room(x, archive.rooms, rng)
    if rng.random() < 0.5:
        x = sound.coloured(x, rng)
    before = int(rng.uniform(0.3, 1.2) * RATE_HZ)
    x = np.concatenate([np.zeros(before, np.float32), x, np.zeros(RATE_HZ // 2, np.float32)])
    x *= 10 ** (rng.uniform(-34, -1) / 20) / (np.abs(x).max() + 1e-9)
    onsets = [o + before for o in onsets]
    strength = np.median([np.sqrt(np.mean(x[o : o + 1600] ** 2)) for o in onsets]) if onsets else 0.3 * np.abs(x).max()
    x += _bed(archive, recording, len(x), float(strength), rng)
    return sound.recorded(x, rng).astype(np.float32), onsets


def _played(archive: Archive, recording: Recording, rng: Rng) -> tuple[FloatArray, list[int]]:
    x = archive.samples(recording)
    onsets = [round(o * RATE_HZ) for o in recording.onsets]
    if len(x) > CLIP_S * RATE_HZ:
        at = onsets[rng.integers(len(onsets))] if onsets else int(rng.integers(len(x)))
        begin = int(np.clip(at - rng.uniform(0.3, CLIP_S - 1) * RATE_HZ, 0, len(x) - CLIP_S * RATE_HZ))
        x = x[begin : begin + int(CLIP_S * RATE_HZ)]
        onsets = [o - begin for o in onsets if 0 <= o - begin < len(x) - 400]
    x = x.copy()
    n = min(160, len(x) // 4)
    x[:n] *= np.linspace(0, 1, n)
    x[-n:] *= np.linspace(1, 0, n)
    if len(onsets) == 1 and rng.random() < 0.4:
        x, onsets = _again(archive, recording, x, onsets, rng)
    if rng.random() < 0.5:
        factor = rng.uniform(0.87, 1.15)
        x, onsets = sound.at_speed(x, factor), [round(o / factor) for o in onsets]
    return x, onsets


def _again(
    archive: Archive, recording: Recording, x: FloatArray, onsets: list[int], rng: Rng
) -> tuple[FloatArray, list[int]]:
    """Add another clap of the same recordist, 0.09 to 0.7 s later; half of them sooner than 0.2 s."""
    second = archive.others(recording)[rng.integers(len(archive.others(recording)))]
    if len(second.onsets) != 1:
        return x, onsets
    y = archive.samples(second)[max(0, round(second.onsets[0] * RATE_HZ) - 160) :].copy()
    lead = min(160, round(second.onsets[0] * RATE_HZ))
    y[:lead] *= np.linspace(0, 1, lead)
    gap_s = rng.uniform(0.09, 0.2) if rng.random() < 0.5 else rng.uniform(0.2, 0.7)
    at = onsets[0] + int(gap_s * RATE_HZ)
    out = np.zeros(max(len(x), at - lead + len(y)), np.float32)
    out[: len(x)] = x
    out[at - lead : at - lead + len(y)] += y * rng.uniform(0.4, 1.2)
    return out, [*onsets, at]


def _bed(archive: Archive, recording: Recording, n: int, strength: float, rng: Rng) -> FloatArray:
    """Return what else is to be heard: nearly nothing, voices, music or noise."""
    quiet = 10 ** (rng.uniform(-80, -50) / 20) * sound.pink(n, rng, rng.uniform(0, 2))
    if rng.random() < 0.15:
        quiet = quiet + 10 ** (rng.uniform(-55, -15) / 20) * sound.hum(n, rng)
    chance = rng.random()
    if recording.kind in {"speech", "music"}:
        chance *= 0.6
    if chance < 0.45:
        return quiet
    level = strength * 10 ** (-rng.uniform(2, 30) / 20)
    if chance < 0.6:
        return quiet + level * sound.pink(n, rng, rng.uniform(0, 2.2))
    kind = "speech" if chance < 0.8 else "music"
    bed = np.zeros(n, np.float32)
    for _ in range(int(rng.integers(1, 6)) if kind == "speech" else 1):
        pool = archive.beds(kind, recording.part)
        y = archive.samples(pool[rng.integers(len(pool))])
        y = np.tile(y, -(-(n + 1) // len(y)))
        begin = rng.integers(len(y) - n)
        y = y[begin : begin + n]
        bed += y / (y.std() + 1e-6)
    return quiet + level * bed / (bed.std() + 1e-6)


def candidates(x: FloatArray) -> NDArray[np.int64]:
    """Return the samples where the shipped gate finds beginnings."""
    gate, row, none = OnsetDetector(1), np.zeros(1, np.int64), np.zeros(1, np.int64)
    padded = np.pad(x, (0, -len(x) % HOP + HOP))
    return np.array([c.onset for c in gate.process(row, padded[None], none) if c.onset < len(x)], np.int64)


def label(found: NDArray[np.int64], onsets: Sequence[int]) -> NDArray[np.int8]:
    """Return for each candidate 1 (a clap), 0 (none) or -1 (unclear, not to be learnt from)."""
    labels = np.zeros(len(found), np.int8)
    for onset in onsets:
        off = (found - onset) / RATE_HZ
        labels[(off > UNCLEAR_S[0]) & (off < UNCLEAR_S[1]) & (labels == 0)] = -1
    for onset in onsets:
        off = np.abs(found - onset) / RATE_HZ
        if len(off) and off.min() <= NEAR_S:
            labels[off.argmin()] = 1
    return labels


def examples_of(archive: Archive, recording: Recording, number: int, seed: int) -> list[Example]:
    """Render once and return the examples found."""
    rng = np.random.default_rng([seed, hashed(recording.name), number])
    x, onsets = render(archive, recording, rng)
    found = candidates(x)
    labels = label(found, onsets)
    negative = np.flatnonzero(labels == 0) if recording.kind != "applause" else np.zeros(0, np.int64)
    kept = [*np.flatnonzero(labels == 1), *rng.permutation(negative)[:MOST_NEGATIVES]]
    padded = np.pad(x, (BEFORE, AFTER))
    out = []
    for i in kept:
        window = padded[found[i] : found[i] + BEFORE + AFTER]
        scale = float(np.abs(window).max()) + 1e-9
        whole = np.round(window / scale * 32767).astype(np.int16)
        out.append(Example(whole, scale, bool(labels[i]), recording.name, recording.maker, recording.part))
    return out


_archive: Archive | None = None


def _open(folder: Path) -> None:
    global _archive  # noqa: PLW0603  # what a worker process works on
    _archive = Archive(folder)


def _work(task: tuple[Recording, int, int]) -> list[Example]:
    assert _archive is not None
    return examples_of(_archive, *task)


def make(folder: Path, out: Path, *, seed: int, processes: int = 2, share: float = 1.0) -> None:
    """Render everything and write ``samples.npy`` (n, BEFORE + AFTER) int16 and ``examples.npz`` (the rest) to ``out``."""
    archive = Archive(folder)
    tasks = [(r, i, seed) for r, i in variants(archive)]
    order = np.random.default_rng(seed).permutation(len(tasks))
    tasks = [tasks[i] for i in order[: int(share * len(tasks))]]
    out.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[float, bool, str, str, int]] = []
    with Pool(processes, _open, (folder,)) as pool, (out / "samples.raw").open("wb") as file:
        for done in pool.imap(_work, tasks, chunksize=32):
            for e in done:
                file.write(e.samples.tobytes())
                rows.append((e.scale, e.is_clap, e.recording, e.maker, e.part))
    scale, is_clap, names, makers, parts = zip(*rows, strict=True)
    np.savez(out / "examples.npz", scale=np.array(scale, np.float32), is_clap=np.array(is_clap),
             recording=np.array(names), maker=np.array(makers), part=np.array(parts, np.int8))  # fmt: skip
    print(f"{len(rows)} examples, {sum(is_clap)} of them claps, from {len(tasks)} clips")


def samples(out: Path) -> NDArray[np.int16]:
    """Return the written windows, mapped from disk."""
    return np.memmap(out / "samples.raw", np.int16, "r").reshape(-1, BEFORE + AFTER)
