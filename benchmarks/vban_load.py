"""How much of a core many VBAN streams cost, and whether any sound is lost: ``python -m benchmarks.vban_load``.

One process sends 48 kHz 16-bit mono streams over loopback, paced like real senders; another, which is measured, receives
them as ClapTrap does: one port, one ``VbanSource`` a stream in a thread of its own, frames made into 16 kHz hops. Hearing
itself is not part of it. Lost are packets that were sent and not played. Writes a dated JSON file to ``benchmarks/results``
that names the machine by its processor.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import re
import socket
import threading
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clapping import FORM, FRAMES, HOST
from claptrap.audio.frame import HOP_S, Frame
from claptrap.audio.hopper import Hopper
from claptrap.core.spec import VbanInput
from claptrap.sources.base import StopSignal
from claptrap.sources.pacing import Pacing
from claptrap.sources.vban import VbanSource
from claptrap.sources.vban_packet import Packet, build, encode
from claptrap.sources.vban_ports import VbanPorts

RESULTS = Path(__file__).parent / "results"


class Ear:
    """A sink that makes hops, as a runner does, and counts."""

    def __init__(self) -> None:
        self.stop = StopSignal()
        self.pacing = Pacing()
        self.epochs = 0
        self.hops = 0
        self.lost_hops = 0
        self.delays_s: list[float] = []
        self._hopper = Hopper()
        self._began_s = 0.0

    def live(self, rate_hz: int, channels: int) -> None:  # noqa: ARG002  # every stream is alike here
        self.epochs += 1
        self._hopper = Hopper()

    def frame(self, frame: Frame) -> None:
        hops, lost = self._hopper.push(frame)
        self.hops += len(hops)
        self.lost_hops += int(lost.sum())
        heard_s = (self.hops + self.lost_hops) * HOP_S
        self.delays_s.append(time.monotonic() - heard_s)

    def waiting(self, code: str, **params: str | float) -> None:
        print(code, params)


def receive(port: int, n_streams: int, pipe: Connection) -> None:
    """The measured process: hear until told to stop, then report."""
    ports = VbanPorts(HOST)
    ears = [Ear() for _ in range(n_streams)]
    sources = [VbanSource(VbanInput(HOST, f"s{i}", port), ports) for i in range(n_streams)]
    threads = [
        threading.Thread(target=source.run, args=(ear,), name=f"capture:{i}")
        for i, (source, ear) in enumerate(zip(sources, ears, strict=True))
    ]
    for thread in threads:
        thread.start()
    while len(ports.stream_counts()) < n_streams:
        time.sleep(0.01)
    pipe.send("ready")
    pipe.recv()
    began_cpu_s, began_s, began_port_s = time.process_time(), time.monotonic(), thread_cpu_s(port)
    pipe.send("measuring")
    pipe.recv()
    cpu_s, took_s = time.process_time() - began_cpu_s, time.monotonic() - began_s
    port_cpu_s = thread_cpu_s(port) - began_port_s
    time.sleep(0.5)  # what is on its way
    counts = [dict(stream.counts) for stream in ports.stream_counts()]
    (port_counts,) = ports.port_counts()
    for ear in ears:
        ear.stop.set()
    for thread in threads:
        thread.join()
    ports.stop()
    jitter_ms = [1e3 * (np.percentile(ear.delays_s[10:], 99) - min(ear.delays_s[10:])) for ear in ears]
    pipe.send(
        {
            "cpu_share": cpu_s / took_s,
            "cpu_share_of_port_thread": port_cpu_s / took_s,
            "counts": {key: sum(stream[key] for stream in counts) for key in counts[0]},
            "kernel_drops": port_counts.kernel_drops,
            "over_ceiling": port_counts.over_ceiling,
            "refused": dict(port_counts.refused),
            "buffer_bytes": port_counts.buffer_bytes,
            "hops": sum(ear.hops for ear in ears),
            "lost_hops": sum(ear.lost_hops for ear in ears),
            "epochs": sum(ear.epochs for ear in ears),
            "delay_p99_over_least_ms": float(np.median(jitter_ms)),
        }
    )


def thread_cpu_s(port: int) -> float:
    """Return the processor time that the port's thread has used (Linux; 0 elsewhere)."""
    (thread,) = (t for t in threading.enumerate() if t.name == f"vban:{port}")
    about = Path(f"/proc/self/task/{thread.native_id}/stat")
    if not about.exists():
        return 0.0
    fields = about.read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def send(port: int, n_streams: int, seconds: float, pipe: Connection) -> None:
    """Send all streams for ``seconds``, each packet at its time, the streams spread over a packet's duration."""
    rng = np.random.default_rng(1)
    payload = encode(rng.normal(0, 0.05, (FRAMES, 1)).astype(np.float32), FORM.encoding)
    datagrams = [bytearray(build(Packet(FORM, FRAMES, b"s%d" % i, 0, payload))) for i in range(n_streams)]
    period_s = FRAMES / FORM.rate_hz
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect((HOST, port))
        began_s, failed = time.monotonic(), 0
        n_packets = round(seconds / period_s)
        for counter in range(n_packets):
            wait_s = began_s + counter * period_s - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            for datagram in datagrams:
                datagram[24:28] = counter.to_bytes(4, "little")
                try:
                    out.send(datagram)
                except OSError:
                    failed += 1
    pipe.send({"sent": n_packets * n_streams - failed, "failed": failed, "late_s": time.monotonic() - began_s - seconds})


def measure(n_streams: int, seconds: float) -> dict[str, Any]:
    """Run both processes once."""
    context = multiprocessing.get_context("spawn")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    here, there = context.Pipe()
    receiver = context.Process(target=receive, args=(port, n_streams, there))
    receiver.start()
    here.recv()
    sender_here, sender_there = context.Pipe()
    sender = context.Process(target=send, args=(port, n_streams, seconds, sender_there))
    here.send("begin")
    here.recv()
    sender.start()
    sent = sender_here.recv()
    here.send("end")
    heard = here.recv()
    sender.join()
    receiver.join()
    lost = sent["sent"] - heard["counts"]["packets"]
    return {"streams": n_streams, "seconds": seconds, "lost_packets": lost, **sent, **heard}


def processor() -> str:
    """Return the name of the processor."""
    about = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", about.read_text(encoding="utf-8")) if about.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--seconds", type=float, default=30.0)
    wanted = parser.parse_args()
    runs = []
    for n_streams in wanted.streams:
        load = os.getloadavg()[0]
        run = {**measure(n_streams, wanted.seconds), "load_average_before": round(load, 2)}
        runs.append(run)
        print(
            f"{n_streams} streams: {100 * run['cpu_share']:.1f} % of a core"
            f" ({100 * run['cpu_share_of_port_thread']:.1f} % the port's thread),"
            f" {run['lost_packets']} of {run['sent']} packets lost,"
            f" {run['kernel_drops']} dropped by the kernel, {run['lost_hops']} hops lost,"
            f" delay p99 {run['delay_p99_over_least_ms']:.0f} ms over the least"
        )
    now = datetime.now(UTC)
    result = {
        "date": now.isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "format": "48000 Hz, 16 bits, mono, 256 frames a packet",
        "runs": runs,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"vban-load-{now:%Y-%m-%d}-{wanted.seconds:g}s.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
