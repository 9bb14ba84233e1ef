"""How many claps of a television its reference takes away, and what that costs: ``python -m benchmarks.veto [--quick]``.

Real claps, speech and music of the blind part of the recordings through measured rooms (``benchmarks.television``), heard by
the classifier thread as a running service has it: hops arrive in real order, each source as late as its path is long. The
recordings are not part of the project: ``CLAPTRAP_SHARED`` names the folder that has ``audio/`` and ``models/``.

A clap of the television counts as removed where it would be a clap and is vetoed; one of the room as lost where it would be
a clap and is vetoed. The result is ``benchmarks/results/veto-DATE.json``, with all conditions, and a table.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from training.recordings import BLIND

from benchmarks.quality import RESULTS, ROOT, processor
from benchmarks.television import Material, Scene, scene
from claptrap.audio.clip import Clip
from claptrap.audio.frame import HOP
from claptrap.core.clock import Clock
from claptrap.core.events import Event, Status, Verdict
from claptrap.core.spec import FileInput, SourceSpec
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.yamnet import load_yamnet
from claptrap.runtime.batch import HopBatch
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.runtime.classifier_thread import ClassifierThread
from claptrap.runtime.stream import HOP_S, Stream

NEAR_S = 0.08
LEARNT_S = 12.0  # what happens sooner is counted apart
ROOM, REFERENCE = "room", "television"


@dataclass(frozen=True, slots=True)
class Condition:
    """What is varied.

    Attributes:
        television_db: the television's claps in the room, to those of the room.
        by_microphone: whether the reference is a microphone at the television, and not its own signal.
        late_s: pairs of how long sound of the room and of the reference takes to arrive, for one scene after the other.
        drift: by which share the reference's clock is fast.
        together_s: as in ``scene``.
    """

    television_db: float
    by_microphone: bool = False
    late_s: tuple[tuple[float, float], ...] = ((0.0, 0.0), (0.4, 0.0), (0.15, 0.05))
    drift: float = 0.0
    together_s: float | None = None


INAUDIBLE_DB = -80.0  # the television is muted while its signal goes on
CONDITIONS = (
    *(Condition(db, kind, drift=50e-6) for db in (-20.0, -10.0, 0.0) for kind in (False, True)),
    *(Condition(db, together_s=apart_s) for db in (-10.0, 0.0) for apart_s in (0.0, 0.06)),
    Condition(INAUDIBLE_DB),
    Condition(-10.0, late_s=((0.0, 0.3),)),  # later than decisions are made
)


class SteppedClock(Clock):
    """Says what it was set to."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def unix(self) -> float:
        return self.now


class Collector:
    """Takes all that comes out of the thread."""

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []

    def offer(self, news: Status | Clip | KeptCandidate) -> None:
        if isinstance(news, Verdict) and news.source_id == ROOM:
            self.verdicts.append(news)

    def record(self, event: Event, decided_at: float) -> None:
        """Nobody is told."""


def listen(heard: Scene, late_s: tuple[float, float], classifier: ClapClassifier) -> list[Verdict]:
    """Return what the service thought of the candidates of the room that it would take for claps."""
    specs = {
        ROOM: SourceSpec(ROOM, ROOM, FileInput(""), references=(REFERENCE,)),
        REFERENCE: SourceSpec(REFERENCE, REFERENCE, FileInput("")),
    }
    clock, out = SteppedClock(), Collector()
    thread = ClassifierThread(lambda: classifier, queue.Queue(), specs.get, out.record, out, clock, out, out)
    thread.name_sounds(is_wanted=False)
    streams = (Stream(ROOM, 0, "e"), Stream(REFERENCE, 1, "e"))
    detector = OnsetDetector(2)
    sounds = [x[: len(x) // HOP * HOP].reshape(-1, HOP) for x in (heard.room, heard.reference)]
    opened = True
    n_steps = len(sounds[0]) + round(max(late_s) / HOP_S)
    for step in range(n_steps):
        clock.now = (step + 1) * HOP_S
        for slot, (stream, hops, late) in enumerate(zip(streams, sounds, late_s, strict=True)):
            at = step - round(late / HOP_S)
            if not 0 <= at < len(hops):
                continue
            slots, lost = np.array([slot]), np.zeros(1, np.int64)
            stream.write(hops[at : at + 1], lost, clock.now)
            found = tuple(detector.process(slots, hops[at : at + 1], lost))
            thread.process(HopBatch(streams if opened else (), slots, hops[at : at + 1], lost, found, (), clock.now))
            opened = False
    return [replace(one, timestamp=one.timestamp - late_s[0]) for one in out.verdicts if one.score >= one.threshold]


def figures(heard: Scene, verdicts: list[Verdict]) -> Counter[str]:
    """Return how many would-be claps there were of each, and how many of them were vetoed."""
    counts: Counter[str] = Counter()
    for verdict in verdicts:
        if verdict.code == "verdict.echo":
            continue
        apart = [min(abs(verdict.timestamp - at) for at in onsets) for onsets in (heard.claps, heard.television)]
        near = "room" if apart[0] < apart[1] else "television"
        kind = near if min(apart) <= NEAR_S else "other"
        early = "early_" if verdict.timestamp < LEARNT_S else ""
        counts[early + kind] += 1
        counts[f"{early}{kind}_vetoed"] += verdict.code == "verdict.vetoed"
    return counts


def lost_together(heard: Scene, verdicts: list[Verdict]) -> Counter[str]:
    """Return how many claps of both there were at the same time, and of how many nothing was left."""
    counts: Counter[str] = Counter()
    for at in heard.claps:
        near = [one for one in verdicts if abs(one.timestamp - at) <= NEAR_S + 0.06]
        counts["room"] += bool(near) and at > LEARNT_S
        counts["room_vetoed"] += bool(near) and at > LEARNT_S and not any(one.accepted for one in near)
    return counts


def run(material: Material, scenes: int) -> Iterator[tuple[Condition, Counter[str]]]:
    """Yield the figures of every condition, of so many scenes each."""
    shared = material.folder.parent
    yamnet, clapnet, confirmer = load_yamnet(shared / "models" / "yamnet.tflite"), load_clapnet(), load_confirmer()
    for number, condition in enumerate(CONDITIONS):
        counts: Counter[str] = Counter()
        for k in range(scenes):
            rng = np.random.default_rng([number, k])
            heard = scene(
                material,
                rng,
                television_db=condition.television_db,
                by_microphone=condition.by_microphone,
                drift=condition.drift,
                together_s=condition.together_s,
            )
            classifier = ClapClassifier(2, clapnet, confirmer, yamnet)
            verdicts = listen(heard, condition.late_s[k % len(condition.late_s)], classifier)
            counts += (figures if condition.together_s is None else lost_together)(heard, verdicts)
        print(as_row(condition, counts), flush=True)
        yield condition, counts


def as_row(condition: Condition, counts: Mapping[str, int]) -> str:
    """Return a line of the table."""
    kind = "microphone" if condition.by_microphone else "signal"
    what = f"{condition.television_db:+4.0f} dB, {kind:10}"
    if len(condition.late_s) == 1:
        what += f", {1000 * condition.late_s[0][1]:.0f} ms late"
    if condition.together_s is not None:
        what += f", together {1000 * condition.together_s:+.0f} ms"
    shares = ", ".join(
        f"{kind} {counts.get(f'{kind}_vetoed', 0)}/{counts.get(kind, 0)}"
        for kind in ("television", "room", "other", "early_television", "early_room")
    )
    return f"{what:40} vetoed: {shares}"


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.veto", description=__doc__)
    parser.add_argument("--scenes", type=int, default=3, help="of two minutes, for each condition")
    args = parser.parse_args()
    shared = Path(os.environ.get("CLAPTRAP_SHARED", ROOT.parent / "shared"))
    results = list(run(Material(shared / "audio", BLIND), args.scenes))
    summary = {
        f"television at {db:+.0f} dB": summarised([n for c, n in results if c.television_db == db and c.drift])
        for db in (-20.0, -10.0, 0.0)
    }
    date = datetime.now(UTC).date().isoformat()
    result = {
        "date": date,
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "part": "blind",
        "learnt_s": LEARNT_S,
        "summary": summary,
        "conditions": [{**asdict(condition), "vetoed of": dict(counts)} for condition, counts in results],
    }
    path = RESULTS / f"veto-{date}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(summary, indent=1), f"\n{path.relative_to(ROOT)}")


def summarised(counts: list[Counter[str]]) -> dict[str, float | int]:
    """Return shares over several conditions."""
    total: Counter[str] = sum(counts, Counter())
    return {
        "television": total["television"],
        "television removed": round(total["television_vetoed"] / max(1, total["television"]), 4),
        "room": total["room"],
        "room kept": round(1 - total["room_vetoed"] / max(1, total["room"]), 4),
    }


if __name__ == "__main__":
    main()
