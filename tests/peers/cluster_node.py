"""A node in a process of its own that hears what ``Stage`` plays: real placement and events, a stand-in for detection.

python -m tests.peers.cluster_node NATS_URL KEY_FILE NAME PORT CLOCK_OFFSET_S FAST_SOURCES
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ, Frame
from claptrap.core.errors import SourceError
from claptrap.core.spec import MAX_SOURCES, SourceSpec
from claptrap.detect.classifier import Classification
from claptrap.sources.base import Sink
from tests.peers.hearing import LoudClassifier, LoudOnsetDetector, quiet

ROOT = Path(__file__).parents[2]
HOPS = 30  # that are played at once, every 0.6 s: claps that are nearer are applause
PERIOD_S = HOPS * HOP / RATE_HZ
LEAST = 0.2  # score of the first clap of a source; each is .001 higher than the one before, so that it is known by it


class Stage:
    """Plays a clap every 0.6 s to all who listen to a source, as a camera does: who does not listen misses it.

    Attributes:
        played: the score of every clap, and when it was played (monotonic), by source.
    """

    def __init__(self, sources: list[str]) -> None:
        self.played: dict[str, dict[float, float]] = {source: {} for source in sources}
        self._listeners: dict[str, list[socket.socket]] = {source: [] for source in sources}
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=run, name=f"test:{run.__name__}") for run in (self._accept, self._play)]
        for thread in self._threads:
            thread.start()

    def _accept(self) -> None:
        while True:
            try:
                listener, _ = self._server.accept()
            except OSError:
                return
            listener.setblocking(False)
            source = b""
            while not source.endswith(b"\n"):
                try:
                    source += listener.recv(100)
                except BlockingIOError:
                    time.sleep(0.005)
            self._listeners[source.decode().strip()].append(listener)

    def _play(self) -> None:
        n = 0
        while not self._stopped.wait(PERIOD_S):
            score = round(LEAST + n * 0.001, 3)
            sound = quiet(HOPS)
            sound[0, 0] = score
            n += 1
            for source, listeners in self._listeners.items():
                self.played[source][score] = time.monotonic()
                for listener in tuple(listeners):
                    try:
                        listener.sendall(sound.tobytes())
                    except OSError:  # it has gone, or is frozen: a camera does not wait for it
                        listeners.remove(listener)
                        listener.close()

    def stop(self) -> None:
        self._stopped.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join()
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.close()


class Listener:
    """The source that hears a stage."""

    def __init__(self, source_id: str, port: int) -> None:
        self._id = source_id
        self._port = port

    def run(self, sink: Sink) -> None:
        try:
            with socket.create_connection(("127.0.0.1", self._port), 2.0) as stage:
                stage.sendall(f"{self._id}\n".encode())
                stage.settimeout(0.2)
                sink.live(RATE_HZ, 1)
                self._hear(stage, sink)
        except OSError as error:
            raise SourceError("source.ended", retryable=True, reason=str(error)) from error

    def _hear(self, stage: socket.socket, sink: Sink) -> None:
        heard = b""
        size = HOPS * HOP * 4
        while not sink.stop.is_set():
            try:
                got = stage.recv(65_536)
            except TimeoutError:
                continue
            if not got:
                raise SourceError("source.ended", retryable=True)
            heard += got
            while len(heard) >= size:
                sink.frame(Frame(np.frombuffer(heard[:size], np.float32).reshape(-1, 1), RATE_HZ))
                heard = heard[size:]


class NodeProcess:
    """The process; ends with ``end``.

    Args:
        url: of NATS.
        key: the cluster's.
        name: the node's.
        stage: what it hears.
        clock_offset_s: by how much its clock is ahead.
        fast_sources: how many sources it can hear without falling behind.
    """

    def __init__(
        self, url: str, key: Path, name: str, stage: Stage, *, clock_offset_s: float = 0.0, fast_sources: int = MAX_SOURCES
    ) -> None:
        given = [url, str(key), name, str(stage.port), str(clock_offset_s), str(fast_sources)]
        command = [sys.executable, "-m", "tests.peers.cluster_node", *given]
        self._log = (key.parent / f"{name}.log").open("ab")
        self._process = subprocess.Popen(command, cwd=ROOT, stderr=self._log)

    def send(self, sign: signal.Signals) -> None:
        """Kill, freeze or thaw it."""
        self._process.send_signal(sign)

    def said(self) -> str:
        """Return the last of what it logged."""
        return Path(self._log.name).read_text("utf-8")[-5000:]

    def end(self) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait()
            self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def main(url: str, key: str, name: str, port: str, clock_offset_s: str, fast_sources: str) -> None:
    """Hear until SIGTERM."""
    import logging  # noqa: PLC0415  # of the process, not of the tests

    from claptrap.cluster.link import Address, Link  # noqa: PLC0415  # likewise
    from claptrap.cluster.node import Node  # noqa: PLC0415  # likewise
    from claptrap.cluster.wire import Seal  # noqa: PLC0415  # likewise
    from claptrap.core.clock import SystemClock  # noqa: PLC0415  # likewise
    from claptrap.runtime.worker import Worker, WorkerDeps  # noqa: PLC0415  # likewise

    class SetClock(SystemClock):
        """The machine's, but for whoever set it."""

        def unix(self) -> float:
            return super().unix() + float(clock_offset_s)

    class SlowClassifier(LoudClassifier):
        """Needs half as long again as the sound lasts, where there is too much of it."""

        def process(self, slots: NDArray[np.int64], hops: NDArray[np.float32], *rest: Any) -> list[Classification]:
            if len(slots) > int(fast_sources):
                time.sleep(1.5 * hops.shape[1] / RATE_HZ)
            return super().process(slots, hops, *rest)

    logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(name)s %(message)s")
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    node = Node(Link(Address(url), name), name, 10, Seal.of_file(Path(key)), "1", SetClock())

    def build(spec: SourceSpec) -> Listener:
        return Listener(spec.id, int(port))

    worker = Worker(WorkerDeps(build, LoudOnsetDetector, SlowClassifier, node.sounds, node.sounds), node, node, SetClock())
    worker.start()
    node.start(worker)
    stopped.wait()
    node.leave()
    worker.stop()
    node.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
