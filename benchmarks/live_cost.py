"""What one source costs the whole service while no page is open: ``python -m benchmarks.live_cost``.

``claptrap serve`` runs in a process of its own with one source: none, a file, a VBAN stream, an RTSP camera, a microphone
(PulseAudio's, fed by us). With ``--against FOLDER`` a second one runs beside it on the same sound from that folder (another
commit's ``src``), so that the ratio holds on a machine that is busy with something else. For each kind of source:

- ``cpu_percent``: processor time of all threads, user and system, of one core; ``by_thread`` the same by their names,
  which they have from Python 3.14 on; ``children_percent`` that of processes which it started and which have ended;
- ``switches_a_second``: voluntary context switches of all threads: how often anything woke up;
- ``pss_mb``: memory, what is shared counted by its share; ``rss_mb`` the same counted whole, as on a machine that runs no
  other Python; ``own_mb``: of these what no other process has, and no file.
"""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
import wave
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import soundfile
from tests.peers.ports import free_port
from tests.peers.rtsp_server import RtspServer
from tests.peers.service import Service
from tests.peers.sound import SoundServer

from benchmarks import report
from benchmarks.clapping import FORM, FRAMES, HOST, payloads
from claptrap.sources.vban_packet import Packet, build

RATE_HZ = 16_000
SETTLE_S = 8.0
KINDS = ("none", "file", "everyday", "vban", "rtsp", "microphone")
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process has used since it began.

    Attributes:
        at_s: monotonic.
        whole_s: seconds of the processor, by all its threads.
        children_s: by its children that have ended, in hundredths.
        cpu_s: seconds by the name of the threads that live.
        switches: voluntary ones, by the thread's name.
    """

    at_s: float
    whole_s: float
    children_s: float
    cpu_s: Counter[str]
    switches: Counter[str]


def cost(pid: int) -> Cost:
    """Return what a process has used so far (Linux)."""
    fields = (Path("/proc") / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    children_s = (int(fields[13]) + int(fields[14])) / CLOCK_TICKS
    whole_s = time.clock_gettime(~pid << 3 | 2)  # clock_getcpuclockid(3)
    found = Cost(time.monotonic(), whole_s, children_s, Counter(), Counter())
    for task in (Path("/proc") / str(pid) / "task").iterdir():
        try:
            name = (task / "comm").read_text(encoding="utf-8").strip()
            found.cpu_s[name] += int((task / "schedstat").read_text(encoding="utf-8").split()[0]) / 1e9  # type: ignore[assignment]  # seconds
            status = (task / "status").read_text(encoding="utf-8")
        except FileNotFoundError:  # it has just ended
            continue
        switches = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE)
        found.switches[name] += int(switches[1]) if switches else 0
    return found


def between(before: Cost, after: Cost) -> dict[str, Any]:
    """Return the figures of the time between two moments."""
    seconds = after.at_s - before.at_s
    cpu = {name: 100 * (after.cpu_s[name] - before.cpu_s[name]) / seconds for name in after.cpu_s}
    switches = sum(after.switches[name] - before.switches[name] for name in after.switches) / seconds
    busiest = sorted(cpu.items(), key=lambda item: -item[1])
    return {
        "cpu_percent": round(100 * (after.whole_s - before.whole_s) / seconds, 2),
        "children_percent": round(100 * (after.children_s - before.children_s) / seconds, 2),
        "switches_a_second": round(switches, 1),
        "by_thread": {name: round(share, 2) for name, share in busiest if share >= 0.005},  # per cent
    }


def memory(pid: int) -> dict[str, float]:
    """Return the memory of a process (Linux)."""
    about = (Path("/proc") / str(pid) / "smaps_rollup").read_text(encoding="utf-8")
    found = {name: int(kb) / 1024 for name, kb in re.findall(r"^(\w+):\s+(\d+) kB", about, re.MULTILINE)}
    return {
        "pss_mb": round(found["Pss"], 1),
        "rss_mb": round(found["Rss"], 1),
        "own_mb": round(found["Anonymous"], 1),
    }


def write_room(path: Path, seconds: float = 60.0) -> Path:
    """Write a quiet room: noise at −70 dBFS in which nothing begins."""
    sound = np.random.default_rng(2).normal(0, 3e-4, round(seconds * RATE_HZ)).astype(np.float32)
    soundfile.write(path, sound, RATE_HZ)
    return path


@contextmanager
def given(
    kind: str, folder: Path, everyday: Path | None, seconds: float, n: int
) -> Iterator[tuple[list[Mapping[str, Any]], Mapping[str, str]]]:
    """Provide the sound; yield for each of ``n`` services the input of its source, and the environment of all."""
    if kind == "none":
        yield [{} for _ in range(n)], {}
    elif kind in {"file", "everyday"}:
        path = everyday if kind == "everyday" else write_room(folder / "room.wav")
        yield [{"path": str(path), "loop": True} for _ in range(n)], {}
    elif kind == "vban":
        ports = [free_port() for _ in range(n)]
        threading.Thread(target=_send_room, args=(ports, seconds), daemon=True).start()
        yield [{"host": HOST, "stream": "s0", "port": port} for port in ports], {}
    elif kind == "microphone":
        with SoundServer() as server:
            yield [{"device": ""} for _ in range(n)], server.environment
    else:
        recording = folder / "rtsp.wav"
        _write_pcm(recording, seconds)
        with RtspServer(recording=recording) as server:
            yield [{"url": f"{server.url}/recording"} for _ in range(n)], {}


def _send_room(ports: list[int], seconds: float) -> None:
    """Send a quiet room to every port, each packet at its time."""
    room = payloads(np.random.default_rng(2).normal(0, 3e-4, FORM.rate_hz).astype(np.float32))
    period_s, began_s = FRAMES / FORM.rate_hz, time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for k in range(round(seconds / period_s)):
            time.sleep(max(0.0, began_s + k * period_s - time.monotonic()))
            packet = build(Packet(FORM, FRAMES, b"s0", k, room[k % len(room)]))
            for port in ports:
                out.sendto(packet, (HOST, port))


def _write_pcm(path: Path, seconds: float) -> None:
    noise = np.random.default_rng(2).normal(0, 3e-4 * 32767, RATE_HZ).astype("<i2").tobytes()
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        for _ in range(round(seconds)):
            out.writeframesraw(noise)


def with_sources(folder: Path, entries: Sequence[Mapping[str, Any]]) -> Path:
    """Return a data folder whose settings have these sources: no microphone is opened first, which loads libraries."""
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps({"version": 3, "sources": entries}), encoding="utf-8")
    return folder


def measure(kind: str, sources: Mapping[str, Path], everyday: Path | None, seconds: float) -> dict[str, dict[str, Any]]:
    """Return the figures of the same sound for the ClapTrap in each folder of ``sources``, at the same time."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        inputs, environment = stack.enter_context(given(kind, folder, everyday, seconds + SETTLE_S + 60, len(sources)))
        running: dict[str, Service] = {}
        for (name, source), wanted in zip(sources.items(), inputs, strict=True):
            source_kind = {"everyday": "file"}.get(kind, kind)
            entries = [{"id": "one", "name": "one", "kind": source_kind, "input": wanted}] if wanted else []
            service = Service(with_sources(folder / name, entries), environment=environment, PYTHONPATH=str(source))
            stack.enter_context(service)
            if wanted:
                service.wait_for_status("one", "live", 30.0)
            running[name] = service
        time.sleep(SETTLE_S)
        begun = {name: cost(service.pid) for name, service in running.items()}
        time.sleep(seconds)
        return {
            name: {**between(begun[name], cost(service.pid)), **memory(service.pid)} for name, service in running.items()
        }


def main() -> None:
    """Measure, print, and write the result."""
    parser = report.arguments(__doc__)
    parser.add_argument("--kinds", nargs="+", default=["none", "file", "vban", "rtsp"], choices=KINDS)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--everyday", type=Path, help="a recording of everyday sound, for the kind of that name")
    wanted = parser.parse_args()
    sources = report.sources(wanted.against)
    runs: dict[str, Any] = {}
    for kind in wanted.kinds:
        runs[kind] = measure(kind, sources, wanted.everyday, wanted.seconds)
        if wanted.against:
            runs[kind]["ratio"] = round(runs[kind]["this"]["cpu_percent"] / runs[kind]["against"]["cpu_percent"], 3)
        print(kind, json.dumps(runs[kind]), flush=True)
    report.write("live-cost", {"seconds": wanted.seconds, "runs": runs}, wanted.note)


if __name__ == "__main__":
    main()
