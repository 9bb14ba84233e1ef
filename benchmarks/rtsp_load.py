"""What an RTSP stream costs: CPU per stream of PyAV's decoding, bare and to 16 kHz, and of ClapTrap's capture of the same.

The server (GStreamer, AAC beside H.264 video, an encoder for each listener as if each were a camera) runs in a process of
its own and is not counted. Run: ``python -m benchmarks.rtsp_load [STREAMS] [SECONDS]``.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
from tests.peers.rtsp_server import RtspServer

from benchmarks import report
from claptrap.core.clock import SystemClock
from claptrap.core.events import State, Status
from claptrap.core.spec import RtspInput, SourceSpec
from claptrap.runtime.runner import Runner, RunnerContext
from claptrap.runtime.stream import HOP_S, RING_HOPS, Stream
from claptrap.sources.registry import Sources

OPENED_WITHIN_S = 60.0


def pyav(url: str, n_streams: int, seconds: float, *, is_bare: bool) -> dict[str, float]:
    """Measure threads that open and decode; unless bare, PyAV's resampler makes 16 kHz mono float32 arrays of it too."""
    stop, opened = threading.Event(), threading.Semaphore(0)
    heard_s = [0.0] * n_streams

    def decode(i: int) -> None:
        options = {"allowed_media_types": "audio", "rtsp_transport": "tcp"}
        with av.open(url, options=options, timeout=(20, 20)) as container:
            opened.release()
            resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
            for frame in container.decode(audio=0):
                if is_bare:
                    heard_s[i] += frame.samples / frame.sample_rate
                else:
                    heard_s[i] += sum(part.to_ndarray().size for part in resampler.resample(frame)) / 16_000
                if stop.is_set():
                    return

    threads = [threading.Thread(target=decode, args=(i,), name=f"bench:{i}") for i in range(n_streams)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for _ in threads:
        if not opened.acquire(timeout=OPENED_WITHIN_S):
            raise SystemExit("not all streams could be opened")
    opened_s = time.monotonic() - began

    def newly_heard_s() -> float:
        heard, known[0] = sum(heard_s) - known[0], sum(heard_s)
        return heard

    known = [0.0]
    figures = measured(n_streams, seconds, newly_heard_s)
    stop.set()
    for thread in threads:
        thread.join()
    return {**figures, "all_open_s": round(opened_s, 2)}


class Silent:
    """A status sink that only counts who is live."""

    def __init__(self) -> None:
        self.live: set[str] = set()
        self.news = threading.Condition()

    def offer(self, status: Status) -> None:
        with self.news:
            if getattr(status, "state", None) is State.LIVE:
                self.live.add(getattr(status, "source_id", ""))
            self.news.notify_all()


def captured(url: str, n_streams: int, seconds: float) -> dict[str, float]:
    """Measure ClapTrap's runners: decoding, liveness, 16 kHz hops in rings, states."""
    status, streams = Silent(), list[Stream]()
    around = RunnerContext(Sources().build, streams.append, status, SystemClock())
    runners = [Runner(SourceSpec(f"cam-{i}", "Camera", RtspInput(url)), i, around) for i in range(n_streams)]
    began = time.monotonic()
    for runner in runners:
        runner.start()
    with status.news:
        if not status.news.wait_for(lambda: len(status.live) == n_streams, OPENED_WITHIN_S):
            raise SystemExit(f"only {len(status.live)} streams are live")
    opened_s = time.monotonic() - began
    figures = measured(n_streams, seconds, lambda: drained_s(streams))
    for runner in runners:
        runner.halt()
    for runner in runners:
        runner.join()
    if len(streams) != n_streams:
        raise SystemExit("streams broke off: the machine is too busy to measure")
    return {**figures, "all_open_s": round(opened_s, 2)}


def drained_s(streams: list[Stream]) -> float:
    """Empty the rings, as the beat would; return how much sound was in them."""
    return sum(len(stream.ring.read(RING_HOPS)[0]) for stream in streams) * HOP_S


def measured(n_streams: int, seconds: float, heard_s: Callable[[], float]) -> dict[str, float]:
    """Return CPU, sound and memory over ``seconds``; ``heard_s`` is asked each second, and says what came since."""
    heard_s()
    used, began, heard = _cpu_s(), time.monotonic(), 0.0
    for _ in range(round(seconds)):
        time.sleep(1)
        heard += heard_s()
    used, lasted = _cpu_s() - used, time.monotonic() - began
    return {
        "cpu_percent_per_stream": round(100 * used / lasted / n_streams, 3),
        "heard_ratio": round(heard / lasted / n_streams, 4),
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure, print and write down."""
    n_streams = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    with RtspServer() as server:
        url = f"{server.url}/aac"
        found: dict[str, Any] = {
            "pyav_decoding_only": pyav(url, n_streams, seconds, is_bare=True),
            "pyav_to_16_khz_mono": pyav(url, n_streams, seconds, is_bare=False),
            "claptrap": captured(url, n_streams, seconds),
        }
    ratio = found["claptrap"]["cpu_percent_per_stream"] / found["pyav_to_16_khz_mono"]["cpu_percent_per_stream"]
    print(json.dumps(found, indent=1))
    about = {"streams": n_streams, "seconds": seconds, "what": "AAC 48 kHz mono beside H.264, TCP"}
    report.write("rtsp-load", {**about, **found, "ratio_to_pyav_to_16_khz_mono": round(ratio, 2)})


if __name__ == "__main__":
    main()
