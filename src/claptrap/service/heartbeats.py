"""Heartbeats: a URL each that is called while all is well, so that a service elsewhere notices when it no longer is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from uuid import uuid4

from claptrap.core.errors import DeliveryError, ServiceError
from claptrap.core.events import Problem
from claptrap.core.weburl import redact
from claptrap.delivery.policy import failure_of
from claptrap.delivery.webhook import WebhookSender
from claptrap.receivers import WebhookSpec
from claptrap.settings.schema import Settings
from claptrap.settings.watch import HeartbeatSettings

LOOK_AGAIN_S = 10.0  # while something is out of order
FAILED = ("heartbeat.status", "heartbeat.unreached")
_log = logging.getLogger(__name__)


def is_well(problems: Sequence[Problem]) -> bool:
    """Return whether nothing is out of order but heartbeats themselves, which could never come back otherwise."""
    return all(problem.code in FAILED for problem in problems)


class HeartbeatService:
    """Calls the heartbeats of the settings. ``apply`` at any time, ``stop`` once.

    Args:
        is_well: whether all is well now.
        changed: called when a heartbeat begins to fail, or no longer does.
    """

    def __init__(self, is_well: Callable[[], bool], changed: Callable[[], None]) -> None:
        self._is_well = is_well
        self._changed = changed
        self._threads: dict[str, Heartbeat] = {}
        self._ending: list[Heartbeat] = []  # not waited for: settings are changed under a lock that they may want
        self._lock = threading.Lock()
        self._is_stopped = False

    def apply(self, settings: Settings) -> None:
        """Call the heartbeats of ``settings``, each that is new or has changed at once."""
        wanted = {one.id: one for one in settings.heartbeats if one.enabled and one.url}
        with self._lock:
            if self._is_stopped:
                return
            gone = [self._threads.pop(i) for i, one in list(self._threads.items()) if wanted.get(i) != one.settings]
            for thread in gone:
                thread.finish()
            self._ending = [thread for thread in (*self._ending, *gone) if not thread.has_ended(0.0)]
            for one in wanted.values():
                if one.id not in self._threads:
                    self._threads[one.id] = Heartbeat(one, WebhookSender(), self._is_well, self._changed)
                    self._threads[one.id].start()

    def stop(self) -> None:
        """End all calls."""
        with self._lock:
            self._is_stopped = True
            threads = [*self._ending, *self._threads.values()]
            self._ending, self._threads = [], {}
        for one in threads:
            one.finish()
        for one in threads:
            while not one.has_ended(0.05):
                one.finish()  # again and again: a call may begin just after it was cut off

    def problems(self) -> list[ServiceError]:
        """Return which heartbeats were not taken when they were called last."""
        return [one.problem for one in tuple(self._threads.values()) if one.problem is not None]


class Heartbeat:
    """One heartbeat, in a thread of its own so that a slow one delays no other.

    Attributes:
        settings: which.
        problem: why it was not taken when it was called last; None where it was.
    """

    def __init__(
        self, settings: HeartbeatSettings, sender: WebhookSender, is_well: Callable[[], bool], changed: Callable[[], None]
    ) -> None:
        self.settings = settings
        self.problem: ServiceError | None = None
        self._target = settings.to_target()
        self._is_well = is_well
        self._changed = changed
        self._sender = sender
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat:{settings.id}")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def finish(self) -> None:
        """Ask for the end, and cut off what is under way."""
        self._stopping.set()
        self._sender.abort()

    def has_ended(self, timeout_s: float) -> bool:
        """Wait at most that long for the end, after ``finish``; return whether it has come. Not to be called after that."""
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        self._sender.close()
        return True

    def beat(self) -> float:
        """Call the URL if all is well; return the seconds until the next time: no more calls make up for missed ones."""
        if not self._is_well():
            return min(LOOK_AGAIN_S, self.settings.every_s)
        error = _called(self._sender, self._target)
        before, self.problem = self.problem, self._described(error)
        if (before is None) != (self.problem is None):
            _log.log(
                logging.WARNING if error else logging.INFO, "heartbeat %s: %s", self.settings.id, error or "taken again"
            )
        if before != self.problem and not self._stopping.is_set():
            self._changed()
        return self.settings.every_s

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stopping.wait(wait_s):
            try:
                wait_s = self.beat()
            except Exception:  # noqa: BLE001  # the supervisor contains it: the next call may go better
                _log.exception("heartbeat %s could not be called", self.settings.id)
                wait_s = self.settings.every_s

    def _described(self, error: DeliveryError | None) -> ServiceError | None:
        if error is None:
            return None
        url = redact(self._target.url)
        if "status" in error.params:
            return ServiceError("heartbeat.status", id=self.settings.id, url=url, status=error.params["status"])
        return ServiceError("heartbeat.unreached", id=self.settings.id, url=url)


def _called(sender: WebhookSender, target: WebhookSpec) -> DeliveryError | None:
    """Call once; return why it was not taken."""
    try:
        answer = sender.post(target, {}, f"heartbeat:{uuid4().hex[:12]}")
    except DeliveryError as error:
        return error
    return failure_of(answer.status, answer.sends_to)
