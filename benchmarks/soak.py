"""Whether anything is lost while everything fails, for hours: ``python -m benchmarks.soak --hours 2``.

``claptrap serve`` in a process of its own hears what ``load_churn`` lets come and go, whose senders and RTSP server are
killed again and again. Beside them one VBAN stream claps all the time, its ledger: each clap that was fed must be heard, be
in the journal, and be delivered, or given up in so many words. After each round one more thing fails, by turns: the receiver
refuses, hangs up, breaks connections off; the MQTT broker is restarted; the disk is full (where this program may mount one
of its own); the service is killed (SIGKILL) and started again. Claps fed while it did not run are not counted.

What it does not do: set the machine's clock, and restart the sound daemon; ``docs/faults.md`` names the tests that do.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tests.peers.broker import MOSQUITTO, Broker, Watcher
from tests.peers.ports import free_port
from tests.peers.receiver import Behaviour, Receiver, answer, hang_up, reset
from tests.peers.service import Service

from benchmarks.clapping import LEAD_S, PACKETS_PER_S, RATE_HZ, loop, payloads, period_packets
from benchmarks.load import MODELS, RESULTS, SAME_CLAP_S, House
from benchmarks.load_churn import Churn, Sampler, judged, rounded
from benchmarks.process import machine
from benchmarks.vban_load import FORM, FRAMES, HOST
from claptrap.sources.vban_packet import Packet, build

CLAP_EVERY_S = 3.0
FAILS_S = 8.0  # for how long
LATE_S = 1.0
KILLED_EVERY = 12  # rounds: a life is long enough to see whether it grows
DISK = "24m"
LEDGER = "ledger"


class Feeder(threading.Thread):
    """Sends the ledger's stream until ``stop``; ``claps`` has the UTC Unix times of its claps."""

    def __init__(self, port: int) -> None:
        super().__init__(name="bench:ledger")
        self.claps: list[float] = []
        self.stop = threading.Event()
        self._port = port

    def run(self) -> None:
        sound, period, onset = payloads(loop(CLAP_EVERY_S)), period_packets(CLAP_EVERY_S), round(LEAD_S * RATE_HZ) // FRAMES
        began_s, k = time.monotonic(), 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            while not self.stop.wait(max(0.0, began_s + k / PACKETS_PER_S - time.monotonic())):
                if k % period == onset:
                    self.claps.append(time.time())
                out.sendto(build(Packet(FORM, FRAMES, LEDGER.encode(), k, sound[k % len(sound)])), (HOST, self._port))
                k += 1


class Soak:
    """One service, what fails around it, and what it must have heard."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.behaviour: Behaviour = answer(204)
        self.receiver = stack.enter_context(Receiver(then=self._behave))
        self.data, self.has_own_disk = stack.enter_context(small_disk(folder))
        self.broker = stack.enter_context(Broker(folder)) if MOSQUITTO else None
        self.watcher = stack.enter_context(Watcher(self.broker.port)) if self.broker else None
        self.done: Counter[str] = Counter()
        self.off: list[tuple[float, float]] = []  # when it did not run
        self.home = self.started()
        self.home.ask("DELETE", "/api/sources/microphone")
        port = free_port()
        self.home.add(self.home.source(LEDGER, "vban", {"host": HOST, "stream": LEDGER, "port": port}))
        if self.broker:
            broker = {"enabled": True, "host": HOST, "port": self.broker.port}
            self.home.ask("PATCH", "/api/settings", {"mqtt": broker})
        self.feeder = Feeder(port)
        self.feeder.start()
        stack.callback(self.feeder.join)
        stack.callback(self.feeder.stop.set)
        self.home.wait_until_live([LEDGER])
        self.off.append((0.0, time.time() + 1.0))
        self.churn = Churn(self.home, folder)
        stack.callback(self.churn.close)

    def started(self) -> House:
        """Return the service, started on the same data folder."""
        return House(self.stack.enter_context(Service(self.data)), self.receiver)

    def _behave(self, connection: socket.socket, ended: threading.Event) -> None:
        self.behaviour(connection, ended)

    def round(self, number: int) -> None:
        """Let everything come and go, and then one more thing fail."""
        self.churn.round(number)
        (self.refuse, self.restart_broker, self.fill_disk)[number % 3]()
        if number % KILLED_EVERY == KILLED_EVERY - 1:
            self.kill()
        self.home.wait_until_live([LEDGER], 120.0)

    def refuse(self) -> None:
        """Have the receiver fail in one way after the other."""
        for name, behaviour in (("refused", answer(503)), ("hung up", hang_up), ("broken off", reset)):
            self.behaviour = behaviour
            time.sleep(FAILS_S)
            self.done[f"deliveries {name}"] += 1
        self.behaviour = answer(204)

    def restart_broker(self) -> None:
        """Take the broker away for a while."""
        if self.broker:
            self.broker.stop()
            time.sleep(FAILS_S)
            self.broker.start()
            self.done["broker restarted"] += 1

    def fill_disk(self) -> None:
        """Leave no byte on the disk for a while."""
        if not self.has_own_disk:
            return
        ballast = self.data / "ballast"
        with ballast.open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(bytes(1 << 12))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    break
        time.sleep(FAILS_S)
        ballast.unlink()
        self.done["disk filled"] += 1

    def kill(self) -> None:
        """Kill the service, and start it again."""
        began = time.time() - 1.0  # what is being decided then is lost with it
        with suppress(subprocess.TimeoutExpired):
            self.home.service.end(signal.SIGKILL)
        self.home = self.churn.home = self.started()
        self.home.wait_until_live([LEDGER], 120.0)
        self.off.append((began, time.time() + 1.0))
        self.done["service killed"] += 1

    def wal_mb(self) -> float:
        """Return how large the journal's write-ahead log is."""
        return sum(path.stat().st_size for path in self.data.rglob("*-wal")) / 1e6

    def ledger(self) -> dict[str, Any]:
        """Compare what was fed with what was heard, journaled and delivered."""
        fed = [
            at for at in self.feeder.claps if not any(begin <= at <= end for begin, end in self.off) and at < time.time() - 5
        ]
        journaled = {one["id"]: one for one in self._pages("/api/history")}
        at = np.array(sorted(one["timestamp"] for one in journaled.values()))
        unheard = [clap for clap in fed if not np.any(np.abs(at - clap) < SAME_CLAP_S)]
        deliveries = [one for one in self._pages("/api/deliveries") if one["target_id"].endswith(".webhook")]
        requests = [
            (r.json, r.at + time.time() - time.monotonic()) for r in self.receiver.requests if LEDGER in r.body.decode()
        ]
        came = Counter(body["event_id"] for body, _ in requests)
        taken = [one["event_id"] for one in deliveries if one["state"] == "taken"]
        return {
            "fed": len(fed),
            "heard": len(fed) - len(unheard),
            "unheard_at": [round(clap, 1) for clap in unheard],
            "journaled": len(journaled),
            "deliveries": dict(Counter(one["state"] for one in deliveries)),
            "without_delivery": len(set(journaled) - {one["event_id"] for one in deliveries}),
            "taken_that_never_came": len(set(taken) - set(came)),
            "requests_more_than_one": sum(n - 1 for n in came.values()),
            "late": sum(at_s - body["timestamp"] > LATE_S for body, at_s in requests),
            "mqtt_events": sum(LEDGER in topic for topic, _ in self.watcher.events) if self.watcher else None,
        }

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        cursor = ""
        while True:
            page = self.home.ask("GET", f"{path}?source={LEDGER}&limit=100{cursor}")
            yield from page["events" if path == "/api/history" else "deliveries"]
            if not page.get("cursor"):
                return
            cursor = f"&cursor={page['cursor']}"


@contextmanager
def small_disk(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yield a folder on a small disk of its own, and whether it is; else the system does not let us mount one."""
    data = folder / "data"
    data.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(data)]
    has_own = os.name == "posix" and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield data, has_own
    finally:
        if has_own:
            subprocess.run(["umount", "--lazy", str(data)], check=True)


def main() -> None:
    """Soak, and write the result after each round."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--note", default="", help="what runs beside on the machine; kept in the result")
    args = parser.parse_args()
    if "CLAPTRAP_MODELS_DIR" not in os.environ and (MODELS / "yamnet.tflite").exists():
        os.environ["CLAPTRAP_MODELS_DIR"] = str(MODELS)
    path = RESULTS / f"soak-{datetime.now(UTC):%Y-%m-%d}.json"
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        soak = Soak(stack, Path(folder))
        begun, rests, wal_mb = time.monotonic(), [soak.home.use()], [soak.wal_mb()]
        lives = [rests]
        while time.monotonic() - begun < 3600 * args.hours or not soak.done:
            was = soak.home
            with Sampler(was.service.pid) as sampler:
                soak.round(len(wal_mb) - 1)
            if soak.home is not was:
                lives.append([])
            lives[-1].append(soak.home.use())
            wal_mb.append(soak.wal_mb())
            result = {
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
                **machine(),
                "beside": args.note,
                "hours": round((time.monotonic() - begun) / 3600, 3),
                "rounds": len(wal_mb) - 1,
                "done": dict(soak.done + soak.churn.done),
                "own_disk": soak.has_own_disk,
                "ledger": soak.ledger(),
                "dropped_hops": soak.home.dropped_hops(),
                "wal_mb": {"most": round(max(wal_mb), 2), "last": round(wal_mb[-1], 2)},
                "at_rest": [judged(life) for life in lives if len(life) >= KILLED_EVERY - 1],
                "lives": [[rounded(use, begun) for use in life] for life in lives],
                "most_in_last_round": rounded(max(sampler.samples, key=lambda use: use.rss_mb), begun)
                if sampler.samples
                else {},
            }
            path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
            print(json.dumps({name: result[name] for name in ("hours", "done", "ledger")}), flush=True)
    print(path)


if __name__ == "__main__":
    main()
