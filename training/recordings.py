"""The recordings, and who may learn from which: the split is by recordist or maker, never by recording."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

TRAIN, VALIDATION, BLIND = 0, 1, 2
LEFT_OUT = 3  # neither learnt from nor judged by

CLAPPING = ("claps", "applause")  # the folders in which somebody claps
OURS = Path(__file__).parent / "applause.csv"  # claps that stand out of applause, marked by us (see README)

# Drum loops that may contain electronic hand claps: neither claps nor fair negatives (as in the evaluation).
AMBIGUOUS = ("loop_garzul", "loop_compus", "Vibe_Ace")
PACKS = ("dirt", "freedoom", "sonicpi", "esc50clap")  # collections of many hands: their folders count as makers
# The beginnings of file names. Big makers are placed by hand, so that each part has some; small ones by a hash of their
# name. The 74 finger snaps of gotta are left out: who learns them as look-alikes no longer takes the claps of
# strangers for claps (see README).
_PLACED = {
    "applause/": TRAIN,
    "claps/jackf": TRAIN, "claps/travis": TRAIN, "claps/vegard": TRAIN, "claps/gotta": TRAIN, "claps/thoai": TRAIN,
    "claps/torogmw": VALIDATION,
    "claps/karthick": BLIND, "claps/pwolfe8": BLIND,
    "neg/minetest": VALIDATION, "neg/rational__trust": VALIDATION, "neg/gotta__snap": LEFT_OUT, "neg/thoai": TRAIN,
    "neg/cajon__kck": VALIDATION, "neg/esc10__010": VALIDATION,
    "neg/rational__dell": BLIND, "neg/gotta__tap": BLIND, "neg/cajon__snr": BLIND, "neg/esc10__009": BLIND,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recording:
    """One file: ``kind`` is its folder, ``onsets`` in seconds, empty where nobody claps.

    Of ``applause`` only the claps that stand out are marked: what else begins there is neither a clap nor a look-alike.
    """

    path: Path
    kind: str
    onsets: tuple[float, ...]
    part: int

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.path.stem}"

    @property
    def maker(self) -> str:
        """Who made it: the recordist, or the collection and its folder."""
        rest = self.path.stem
        maker = rest.split("__")[0]
        if self.kind == "applause" and maker in PACKS:
            return rest.rsplit("-", 1)[0]  # a clip's number, without the letter of the piece that was cut from it
        return rest.rsplit("_", 1)[0] if self.kind != "claps" and maker in PACKS else maker

    def samples(self) -> FloatArray:
        """(n,) at 16 kHz."""
        return sf.read(self.path, dtype="float32")[0]


def part_of(name: str) -> int:
    """Return TRAIN, VALIDATION, BLIND or LEFT_OUT for ``kind/maker__rest``."""
    for beginning, part in _PLACED.items():
        if name.startswith(beginning):
            return part
    kind, rest = name.split("/", 1)
    maker = rest.split("__")[0]
    if kind in {"claps", "applause"}:
        return hashed(maker) % 3
    if kind == "neg" and maker not in PACKS:
        return {0: VALIDATION, 1: BLIND}.get(hashed(maker) % 6, TRAIN)
    # Sample packs: by folder or voice; speech and music by file.
    stem = rest.rsplit("_", 1)[0] if kind == "neg" else rest
    return {0: VALIDATION, 1: BLIND}.get(hashed(stem) % 6, TRAIN)


def hashed(text: str) -> int:
    """Return a number that is the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def recordings(folder: Path) -> Iterator[Recording]:
    """Yield every recording, in order of name."""
    onsets: dict[str, list[float]] = {}
    for marks in (folder / "onsets.csv", OURS):
        with marks.open(newline="") as file:
            for row in csv.DictReader(file):
                onsets.setdefault(row["file"], []).append(float(row["onset_s"]))
    for kind in (*CLAPPING, "neg", "speech", "music"):
        for path in sorted((folder / kind).glob("*.flac")):
            if any(name in path.name for name in AMBIGUOUS):
                continue
            marked = tuple(sorted(onsets.get(f"{kind}/{path.name}", ())))
            if kind not in CLAPPING or marked:
                yield Recording(path, kind, marked, part_of(f"{kind}/{path.stem}"))


def rooms(folder: Path) -> list[FloatArray]:
    """Return the measured and simulated impulse responses, in order of name."""
    with np.load(folder / "rooms.npz") as file:
        return [file[name].astype(np.float32) for name in sorted(file.files)]


def select(folder: Path, out: Path, part: int) -> None:
    """Make a folder of recordings that has only one part."""
    chosen = [r for r in recordings(folder) if r.part == part]
    for recording in chosen:
        link = out / recording.kind / recording.path.name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(recording.path.resolve())
    with (out / "onsets.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("file", "onset_s"))
        rows.writerows((f"{r.kind}/{r.path.name}", onset) for r in chosen for onset in r.onsets)
    if not (out / "rooms.npz").exists():
        (out / "rooms.npz").symlink_to((folder / "rooms.npz").resolve())
