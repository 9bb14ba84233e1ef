"""What a source was given, beside what the service heard, kept and delivered of it."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.peers.claps import GOOD, clap
from tests.peers.receiver import Request
from tests.peers.sound import RATE_HZ as MICROPHONE_HZ
from tests.peers.sound import Microphone

from benchmarks.clapping import FORM, FRAMES, HOST, LEAD_S, LOUD, PACKETS_PER_S, RATE_HZ, loop, payloads, period_packets
from benchmarks.load import SAME_CLAP_S, House
from benchmarks.time_of_day import TimeOfDay
from claptrap.sources.vban_packet import Packet, build

CLAP_EVERY_S = 3.0
DECIDED_S = 5.0  # after a clap, it is known what became of it
AROUND_S = 1.0  # what is clapped so shortly before or after is cut
LATE_S = 1.0
WAITS_S = 8.0  # sound that is lost because the machine was too slow has waited so long at most


class Clapper(threading.Thread):
    """Claps all the time, until ``stop``.

    Attributes:
        claps: when it clapped, UTC Unix seconds.
        lost: when sound of it was lost before it came to the service, UTC Unix seconds.
        same_s: how far from when it clapped a clap of it may be said to have been.
    """

    same_s = SAME_CLAP_S

    def __init__(self) -> None:
        super().__init__(name="bench:clapper")
        self.claps: list[float] = []
        self.lost: Sequence[float] = ()
        self.stop = threading.Event()


class VbanClapper(Clapper):
    """Sends a stream of the source's name."""

    def __init__(self, name: str, port: int) -> None:
        super().__init__()
        self._stream, self._port = name.encode(), port

    def run(self) -> None:
        sound, period, onset = payloads(loop(CLAP_EVERY_S)), period_packets(CLAP_EVERY_S), round(LEAD_S * RATE_HZ) // FRAMES
        began_s, k = time.monotonic(), 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            while not self.stop.wait(max(0.0, began_s + k / PACKETS_PER_S - time.monotonic())):
                if k % period == onset:
                    self.claps.append(time.time())
                out.sendto(build(Packet(FORM, FRAMES, self._stream, k, sound[k % len(sound)])), (HOST, self._port))
                k += 1


class MicrophoneClapper(Clapper):
    """Claps at a virtual microphone, whose sound server may be a second late where the machine is busy."""

    same_s = 1.4

    def __init__(self, microphone: Microphone) -> None:
        super().__init__()
        self.lost = microphone.lost
        self._microphone = microphone

    def run(self) -> None:
        for seed in itertools.cycle(GOOD):
            if self.stop.is_set():
                return
            sound = np.random.default_rng(0).normal(0, 3e-4, round(CLAP_EVERY_S * MICROPHONE_HZ)).astype(np.float32)
            begin, one = round(LEAD_S * MICROPHONE_HZ), clap(np.random.default_rng(seed), MICROPHONE_HZ)
            sound[begin : begin + len(one)] += np.float32(LOUD) * one
            began_s = self._microphone.play(sound) + time.time() - time.monotonic()
            self.claps.append(began_s + LEAD_S)


class Ledger:
    """One source that claps all the time, and what must have become of each clap.

    Args:
        source: its id.
        clapper: who claps.
    """

    def __init__(self, source: str, clapper: Clapper) -> None:
        self.source, self.clapper = source, clapper
        self._excused: list[tuple[float, float]] = []
        self._dropped: list[tuple[float, float]] = []
        self._seen = (time.time(), 0)

    def excuse(self, begin: float) -> None:
        """Do not count claps from ``begin`` (UTC Unix seconds) to a moment after now: the service could not hear them."""
        self._excused.append((begin - AROUND_S, time.time() + AROUND_S))

    def look(self, home: House) -> None:
        """Note whether the service says that it has lost sound of the source since the last look."""
        status, (before, already) = home.statuses().get(self.source, {}), self._seen
        lost = sum(status.get(name, 0) for name in ("dropped_hops", "missing_hops"))
        self._seen = time.time(), lost
        if lost > already:
            self._dropped.append((before - WAITS_S, time.time() + AROUND_S))

    def balance(
        self, home: House, clock: TimeOfDay, requests: Callable[[], Sequence[Request]], topics: Sequence[str] | None
    ) -> dict[str, Any]:
        """Compare what was clapped with what was heard, journaled, delivered and published.

        Args:
            home: the service.
            clock: its time of day.
            requests: returns all that has come to the receiver; asked last, for deliveries go on.
            topics: of all events that came to the MQTT broker; None where there is none.
        """
        counted = self._counted()
        events = {one["id"]: one for one in pages(home, "/api/history", "events", self.source)}
        meant = {event_id: clock.meant(one["timestamp"]) for event_id, one in events.items()}
        at = np.array(sorted(itertools.chain.from_iterable(meant.values())))
        settled_at = time.time() - DECIDED_S  # a clap may be heard before its clapper has written it down
        unheard = [clap for clap in counted if not has_any(at, [clap], self.clapper.same_s)]
        kept = pages(home, "/api/deliveries", "deliveries", self.source)
        deliveries = [one for one in kept if one["target_id"].endswith(".webhook")]
        monotonic_s = time.time() - time.monotonic()
        clapped = np.array(self.clapper.claps)
        came = [(body, r.at + monotonic_s) for r in requests() if (body := r.json).get("source_id") == self.source]
        times = Counter(body["event_id"] for body, _ in came)
        return {
            "clapped": len(clapped),
            "counted": len(counted),
            "heard": len(counted) - len(unheard),
            "lost_and_said": len(unheard) - len(silent := [at for at in unheard if not _within(at, self._dropped)]),
            "unheard_at": [round(at, 1) for at in silent],
            "journaled": len(events),
            "journaled_without_clap": sum(
                not has_any(clapped, moments, self.clapper.same_s)
                for moments in meant.values()
                if max(moments, default=0.0) < settled_at
            ),
            "deliveries": dict(Counter(one["state"] for one in deliveries)),
            "without_delivery": len(set(events) - {one["event_id"] for one in deliveries}),
            "taken_that_never_came": len({one["event_id"] for one in deliveries if one["state"] == "taken"} - set(times)),
            "requests_more_than_one": sum(n - 1 for n in times.values()),
            "late": sum(at_s - max(clock.meant(body["timestamp"]), default=0.0) > LATE_S for body, at_s in came),
            "mqtt_events": None if topics is None else sum(self.source in topic for topic in topics),
        }

    def _counted(self) -> list[float]:
        cut = [*self._excused, (time.time() - DECIDED_S, float("inf"))]
        within = [at for at in self.clapper.claps if not _within(at, cut)]
        lost = np.array(self.clapper.lost)
        return [at for at in within if not has_any(lost, [at], AROUND_S)]


def _within(at: float, spans: Sequence[tuple[float, float]]) -> bool:
    return any(begin <= at <= end for begin, end in spans)


def has_any(times: NDArray[np.float64], wanted: Sequence[float], apart_s: float) -> bool:
    """Return whether one of ``times`` is as good as one of those that are wanted."""
    return any(bool(np.any(np.abs(times - one) < apart_s)) for one in wanted)


def pages(home: House, path: str, name: str, source: str) -> Iterator[dict[str, Any]]:
    """Yield all that the service lists of a source."""
    cursor = ""
    while True:
        page = home.ask("GET", f"{path}?source={source}&limit=100{cursor}")
        yield from page[name]
        if not page.get("cursor"):
            return
        cursor = f"&cursor={page['cursor']}"
