"""Whether anything is lost while everything fails, for hours: ``python -m benchmarks.soak --hours 2``.

``claptrap serve`` in a process of its own hears what ``load_churn`` lets come and go, whose senders and RTSP server are
killed again and again. Beside them a VBAN stream and a virtual microphone clap all the time, the ledgers: each clap must be
heard, be in the journal, and be delivered, or given up in so many words. After each round one more thing fails, by turns:
the receiver refuses, hangs up, breaks connections off; the MQTT broker is restarted; the disk is full (where this program
may mount one of its own); the sound daemon is killed and started again; the service's time of day is set a day ahead, then
a day back, then right; now and then the service is killed (SIGKILL) and started again. Claps while it did not run, and at
the microphone while there was no sound daemon, are not counted. What this machine lacks is ``without`` in the result.
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
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.peers.broker import MOSQUITTO, Broker, Watcher
from tests.peers.ports import free_port
from tests.peers.receiver import Behaviour, Receiver, answer, hang_up, reset
from tests.peers.service import Service
from tests.peers.sound import SoundServer
from tests.peers.sound import missing as missing_for_sound
from tests.peers.wyoming import MicrophoneServer

from benchmarks.clapping import HOST
from benchmarks.ledger import Clapper, Ledger, MicrophoneClapper, VbanClapper
from benchmarks.load import MODELS, House
from benchmarks.load_churn import Churn, Sampler, judged, rounded
from benchmarks.process import machine
from benchmarks.report import RESULTS
from benchmarks.time_of_day import TimeOfDay
from claptrap.audio.claps import recording

FAILS_S = 8.0  # for how long
LOOK_S = 2.0
DAY_S = 86_400.0
KILLED_EVERY, KILLED_FIRST = 40, 5  # rounds: a life is long enough to see whether it grows
JUDGED_ROUNDS = 11  # of a life, at least
PATIENCE_S = 180.0
DISK = "96m"
BALANCED_EVERY = 5  # rounds: reading the whole journal is work too


class Soak:
    """One service, what fails around it, and what it must have heard."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.behaviour: Behaviour = answer(204)
        self.receiver = stack.enter_context(Receiver(then=self._behave))
        self.data, has_own_disk = stack.enter_context(small_disk(folder))
        self.broker = stack.enter_context(Broker(folder)) if MOSQUITTO else None
        self.watcher = stack.enter_context(Watcher(self.broker.port)) if self.broker else None
        self.sound = None if missing_for_sound() else stack.enter_context(SoundServer())
        self.clock = TimeOfDay(folder)
        lacks = {
            "mosquitto": not self.broker,
            "a disk of its own": not has_own_disk,
            "a sound daemon": not self.sound,
        }
        self.without = [name for name, is_lacking in lacks.items() if is_lacking]
        self.done: Counter[str] = Counter()
        self.homes: list[House] = []
        self.home = self.started()
        self.home.ask("DELETE", "/api/sources/microphone")
        if self.broker:
            broker = {"enabled": True, "host": HOST, "port": self.broker.port}
            self.home.ask("PATCH", "/api/settings", {"mqtt": broker})
        port = free_port()
        self.vban = self._ledger(
            "vban", {"host": HOST, "stream": "ledger-vban", "port": port}, VbanClapper("ledger-vban", port)
        )
        self.ledgers = [self.vban]
        if self.sound:
            clapper = MicrophoneClapper(self.sound.microphone)
            self.ledgers.append(self._ledger("microphone", {}, clapper))
        self.wait_until_live()
        for ledger in self.ledgers:
            ledger.excuse(0.0)
        wyoming = stack.enter_context(MicrophoneServer(recording(1, 16_000)[0]))
        more: dict[str, tuple[str, Mapping[str, Any]]] = {"wyoming-1": ("wyoming", {"uri": f"tcp://{HOST}:{wyoming.port}"})}
        if self.sound:
            more["microphone-1"] = ("microphone", {"device": "kitchen"})
        self.churn = Churn(self.home, folder, more)
        stack.callback(self.churn.close)
        self._ended = threading.Event()
        watch = threading.Thread(target=self._watch, name="bench:watch")
        watch.start()
        stack.callback(watch.join)
        stack.callback(self._ended.set)

    def _watch(self) -> None:
        """Look again and again whether the service says that it loses sound of the ledgers."""
        while not self._ended.wait(LOOK_S):
            with suppress(AssertionError, OSError):  # it is being killed, or started
                for ledger in self.ledgers:
                    ledger.look(self.home)

    def _ledger(self, kind: str, given: Mapping[str, Any], clapper: Clapper) -> Ledger:
        """Return a ledger of a source that is added, and claps from now on."""
        ledger = Ledger(f"ledger-{kind}", clapper)
        self.home.add(self.home.source(ledger.source, kind, given))
        clapper.start()
        self.stack.callback(clapper.join)
        self.stack.callback(clapper.stop.set)
        return ledger

    def started(self) -> House:
        """Return the service, started on the same data folder."""
        sound = self.sound.environment if self.sound else {}
        service = self.stack.enter_context(Service(self.data, environment=sound | self.clock.environment))
        self.homes.append(House(service, self.receiver))
        return self.homes[-1]

    def wait_until_live(self) -> None:
        """Wait until the sources of all ledgers are live."""
        self.home.wait_until_live([ledger.source for ledger in self.ledgers], PATIENCE_S)

    def _behave(self, connection: socket.socket, ended: threading.Event) -> None:
        self.behaviour(connection, ended)

    def round(self, number: int) -> None:
        """Let everything come and go, and then one more thing fail."""
        self.churn.round(number)
        faults = (self.refuse, self.restart_sound, self.set_clock, self.restart_broker, self.fill_disk)
        faults[number % len(faults)]()
        if number % KILLED_EVERY == KILLED_FIRST:
            self.kill()
        self.wait_until_live()

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
        if "a disk of its own" in self.without:
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

    def restart_sound(self) -> None:
        """Kill the sound daemon, and start it again after a while."""
        if not self.sound:
            return
        began = time.time()
        self.sound.kill()
        time.sleep(FAILS_S)
        self.sound.start()
        self.wait_until_live()
        for ledger in self.ledgers:
            if ledger is not self.vban:
                ledger.excuse(began)
        self.done["sound daemon restarted"] += 1

    def set_clock(self) -> None:
        """Set the service's time of day a day ahead, then a day back, then right."""
        for ahead_s in (DAY_S, -DAY_S, 0.0):
            self.clock.set(ahead_s)
            time.sleep(FAILS_S)
            self.done["clock set"] += 1

    def kill(self) -> None:
        """Kill the service, and start it again."""
        began = time.time()  # what is being decided then is lost with it
        with suppress(subprocess.TimeoutExpired):
            self.home.service.end(signal.SIGKILL)
        self.home = self.churn.home = self.started()
        self.wait_until_live()
        for ledger in self.ledgers:
            ledger.excuse(began)
        self.done["service killed"] += 1

    def wal_mb(self) -> float:
        """Return how large the journal's write-ahead log is."""
        return sum(path.stat().st_size for path in self.data.rglob("*-wal")) / 1e6

    def balances(self) -> dict[str, dict[str, Any]]:
        """Compare what was clapped with what came of it, for each ledger."""
        topics = [topic for topic, _ in self.watcher.events] if self.watcher else None
        return {
            one.source: one.balance(self.home, self.clock, lambda: self.receiver.requests, topics) for one in self.ledgers
        }


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
        lives, ended_by, balances = [rests], "", dict[str, dict[str, Any]]()
        is_last = False
        while not (is_last or ended_by):
            was = soak.home
            with Sampler(was.service.pid) as sampler:
                try:
                    soak.round(len(wal_mb) - 1)
                except (AssertionError, OSError, SystemExit):
                    ended_by = traceback.format_exc()
            if soak.home is not was:
                lives.append([])
            lives[-1].append(soak.home.use())
            wal_mb.append(soak.wal_mb())
            is_last = time.monotonic() - begun >= 3600 * args.hours
            if is_last or ended_by or len(wal_mb) % BALANCED_EVERY == 0:
                balances = soak.balances()
            result = {
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
                **machine(),
                "beside": args.note,
                "hours": round((time.monotonic() - begun) / 3600, 3),
                "rounds": len(wal_mb) - 1,
                "ended_by": ended_by,
                "done": dict(soak.done + soak.churn.done),
                "without": soak.without,
                "ledgers": balances,
                "dropped_hops": soak.home.dropped_hops(),
                "wal_mb": {"most": round(max(wal_mb), 2), "last": round(wal_mb[-1], 2)},
                "at_rest": [judged(life) for life in lives if len(life) >= JUDGED_ROUNDS],
                "lives": [[rounded(use, begun) for use in life] for life in lives],
                "most_in_last_round": rounded(max(sampler.samples, key=lambda use: use.rss_mb), begun)
                if sampler.samples
                else {},
            }
            logs = "".join(house.service.log_text() for house in soak.homes)
            path.with_suffix(".log").write_text(logs, encoding="utf-8")
            path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
            print(json.dumps({name: result[name] for name in ("hours", "done", "ledgers")}), flush=True)
    print(path)
    if ended_by:
        raise SystemExit(ended_by)


if __name__ == "__main__":
    main()
