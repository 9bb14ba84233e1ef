"""One clap, one detection, with real sound: ``python -m benchmarks.merging [--minutes N]``.

Real claps of the blind part, in bursts of four 250 ms apart, heard in three measured rooms by three sources whose paths are
20, 210 and 400 ms long, with arrival times that scatter by 30 ms; through the classifier thread and ``DetectionMerger`` as a
service has them. In a second run a node of a cluster hears the third source: its clock is 2 s wrong, its estimate of that by
15 ms, and its events come over the wire's form, 50 ms later. Needs ``CLAPTRAP_SHARED`` as ``benchmarks.veto`` does.

A clap is doubled where more than one detection lies at it, and merged into another where a source heard it and none does.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
from collections import Counter, deque
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from training.recordings import BLIND, FloatArray

from benchmarks.quality import RESULTS, ROOT, processor
from benchmarks.television import CLAP_S, Material
from benchmarks.veto import SteppedClock
from claptrap.audio.clip import Clip
from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.cluster.wire import dump_event, load_event
from claptrap.core.events import Event, SourceStatus, State, Status
from claptrap.core.spec import FileInput, Hears, SourceSpec
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.yamnet import load_yamnet
from claptrap.runtime.batch import HopBatch
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.runtime.classifier_thread import ClassifierThread
from claptrap.runtime.stream import HOP_S, Stream
from claptrap.service.merging import DetectionMerger
from claptrap.settings.schema import Settings

DELAYS_S = {"near": 0.02, "far": 0.21, "camera": 0.4}
LEVELS_DB = {"near": 0.0, "far": -12.0, "camera": -8.0}
GAP_S, IN_A_ROW, REST_S = 0.25, 4, 2.5
JITTER_S = 0.03
CLOCK_WRONG_S, ESTIMATE_WRONG_S, WIRE_S = 2.0, 0.015, 0.05
NEAR_S = 0.1
LEARNT_S = 12.0  # of each scene: the first rows of claps, by which the paths are learnt
START_S = 1000.0


class Sink:
    """Takes what sources report, and what is left of it."""

    def __init__(self, clock: SteppedClock, node: str | None) -> None:
        self.reported: list[Event] = []
        self.sent: list[Event] = []
        self.merger = DetectionMerger(self, clock)  # type: ignore[arg-type]  # an EventRecorder in all that matters
        self._clock, self._node = clock, node
        self._on_the_wire: deque[tuple[float, bytes]] = deque()

    def report(self, event: Event, _decided_at: float) -> None:
        """Pass on what a source of this machine, or of the node, has detected."""
        self.reported.append(event)
        if event.source_id != self._node:
            self.merger.record(event)
            return
        there = replace(event, timestamp=event.timestamp - CLOCK_WRONG_S)
        made_at = self._clock.unix() - CLOCK_WRONG_S
        sent = dump_event(there, made_at, CLOCK_WRONG_S + ESTIMATE_WRONG_S)
        self._on_the_wire.append((self._clock.now + WIRE_S, sent))

    def arrive(self) -> None:
        """Pass on what the node sent some time ago, as the server does."""
        while self._on_the_wire and self._on_the_wire[0][0] <= self._clock.now:
            event, _ = load_event(self._on_the_wire.popleft()[1])
            decided_at = event.timestamp + event.decided_s - event.onset_s
            self.merger.record(event, max(0.0, self._clock.unix() - decided_at))

    def record(self, event: Event, _age_s: float = 0.0) -> None:
        """Take what is left."""
        self.sent.append(event)

    def offer(self, _news: Status | Clip | KeptCandidate) -> None:
        """Nothing else matters here."""


def sounds(material: Material, rng: np.random.Generator, seconds: float) -> tuple[list[float], dict[str, FloatArray]]:
    """Return when there were claps, and what each source hears of them."""
    n, onsets = round(seconds * RATE_HZ), []
    dry = np.zeros(n, np.float32)
    begin = 1.0
    while begin + IN_A_ROW * GAP_S + 1 < seconds:
        clap = material.clap(rng)[: round((CLAP_S[0] + GAP_S) * RATE_HZ)]
        for i in range(IN_A_ROW):
            onsets.append(begin + i * GAP_S)
            at = round((onsets[-1] - CLAP_S[0]) * RATE_HZ)
            dry[at : at + len(clap)] += clap * np.float32(rng.uniform(0.6, 1.0))
        begin += IN_A_ROW * GAP_S + REST_S
    heard = {}
    for source, level_db in LEVELS_DB.items():
        wet = material.through_room(dry, rng)
        wet *= np.float32(0.5 * 10 ** (level_db / 20) / np.abs(wet).max())
        heard[source] = wet + np.float32(2e-4) * rng.standard_normal(n, np.float32)
    return onsets, heard


def run(
    material: Material, classifier: ClapClassifier, rng: np.random.Generator, seconds: float, node: str | None
) -> Counter[str]:
    """Return what became of the claps of one scene."""
    onsets, heard = sounds(material, rng, seconds)
    clock = SteppedClock()
    sink = Sink(clock, node)
    specs = {s: SourceSpec(s, s, FileInput(""), delay_s=0.1, hears=Hears.CLAPS) for s in DELAYS_S}
    entries = [{"id": s, "name": s, "kind": "file", "room": "hall", "input": {"path": "x"}} for s in DELAYS_S]
    sink.merger.apply(Settings.model_validate({"version": 3, "sources": entries, "merge_rooms": True}))
    thread = ClassifierThread(lambda: classifier, queue.Queue(), specs.get, sink.report, sink, clock, sink, sink)
    thread.name_sounds(is_wanted=False)
    streams = {s: Stream(s, slot, "e") for slot, s in enumerate(DELAYS_S)}
    detector = OnsetDetector(len(streams))
    arrivals: list[tuple[float, str, int]] = []
    for source, delay_s in DELAYS_S.items():
        sink.merger.observe(SourceStatus(source, State.LIVE))
        due = (np.arange(len(heard[source]) // HOP) + 1) * HOP_S + delay_s
        due = np.maximum.accumulate(due + rng.uniform(0, JITTER_S, len(due)))
        arrivals += [(float(at), source, i) for i, at in enumerate(due)]
    opened = tuple(streams.values())
    for at, source, i in sorted(arrivals):
        clock.now = START_S + at
        stream, slots, lost = streams[source], np.array([streams[source].slot]), np.zeros(1, np.int64)
        hop = heard[source][i * HOP : (i + 1) * HOP][None]
        stream.write(hop, lost, clock.now)
        found = tuple(detector.process(slots, hop, lost))
        thread.process(HopBatch(opened, slots, hop, lost, found, (), clock.now))
        opened = ()
        sink.arrive()
        sink.merger.send_due()
    clock.now += 3
    sink.arrive()
    sink.merger.send_due()
    return outcome(onsets, sink)


def outcome(onsets: list[float], sink: Sink) -> Counter[str]:
    """Count claps by what was reported and sent of them."""

    def clap_of(event: Event) -> int | None:
        at = event.timestamp - START_S - DELAYS_S[event.source_id]
        nearest = min(range(len(onsets)), key=lambda i: abs(onsets[i] - at))
        return nearest if abs(onsets[nearest] - at) <= NEAR_S else None

    reported, sent = (Counter(map(clap_of, events)) for events in (sink.reported, sink.sent))
    counts = Counter({"claps": len(onsets), "detections before": len(sink.reported), "detections": len(sink.sent)})
    counts["heard by all"] = sum(clap is not None and n == len(DELAYS_S) for clap, n in reported.items())
    for when, is_learning in (("while learning, ", True), ("", False)):
        known = [clap for clap in reported if clap is not None and (onsets[clap] < LEARNT_S) == is_learning]
        counts[f"{when}heard"] = len(known)
        counts[f"{when}doubled"] = sum(max(0, sent[clap] - 1) for clap in known)
        counts[f"{when}merged into another"] = sum(sent[clap] == 0 for clap in known)
    counts["elsewhere"] = sent[None]
    return counts


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.merging", description=__doc__)
    parser.add_argument("--minutes", type=float, default=6.0, help="of sound, in scenes of a minute, for each run")
    args = parser.parse_args()
    shared = Path(os.environ.get("CLAPTRAP_SHARED", ROOT.parent / "shared"))
    material = Material(shared / "audio", BLIND)
    models = load_clapnet(), load_confirmer(), load_yamnet(shared / "models" / "yamnet.tflite")
    date = datetime.now(UTC).date().isoformat()
    result: dict[str, Any] = {
        "date": date,
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "part": "blind",
        "delays_s": DELAYS_S,
        "gap_s": GAP_S,
    }
    for name, node in (("one machine", None), ("the camera at a node", "camera")):
        total: Counter[str] = Counter()
        for k in range(round(args.minutes)):
            total.update(run(material, ClapClassifier(len(DELAYS_S), *models), np.random.default_rng(k), 60.0, node))
        result[name] = dict(total)
        print(name, json.dumps(dict(total)), flush=True)
    path = RESULTS / f"merging-{date}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
