"""One attempt to show one notification. The only place that knows Apprise, which need not be installed.

Apprise cannot be interrupted, so each attempt has a thread of its own that is left behind when its time is up, or when
ClapTrap stops. There is one such thread a receiver at most: the next attempt waits until it has ended.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from claptrap.core.errors import DeliveryError, InputError, NotSent, OutcomeUnknown
from claptrap.core.receivers import NotifySpec
from claptrap.core.spec import Language
from claptrap.delivery.sender import Answer
from claptrap.text.catalogue import say

_TELL_SECRETS = ("apprise", "urllib3", "requests_oauthlib", "oauthlib")  # they log addresses, and tokens in them


class NotificationSender:
    """Shows notifications, one attempt at a time; ``abort`` may be called from any other thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._aborted = False
        self._call: _Call | None = None

    def post(self, target: NotifySpec, body: Mapping[str, Any], _key: str, fresh_s: float = math.inf) -> Answer:
        """Have ``target`` show what ``body`` says, in its language.

        Raises:
            DeliveryError: ``delivery.timeout`` and ``notify.failed``, both retryable; ``delivery.stopped`` after ``abort``;
                ``notify.no_apprise`` and ``notify.bad_address``, which a person must mend.
        """
        with self._changed:
            self._aborted = False
            deadline = time.monotonic() + target.timeout_s
            if not self._is_over(min(deadline, time.monotonic() + fresh_s)):  # what was left behind
                raise NotSent("notify.busy", retryable=True)
            self._call = call = _Call(target, body, self._on_end)
            call.start()
            if not self._is_over(deadline):
                raise OutcomeUnknown("delivery.no_answer", retryable=True, seconds=target.timeout_s)
        if call.failure is not None:
            raise call.failure
        return Answer(0, None)

    def abort(self) -> None:
        """Wait no longer for the attempt that is under way, if any."""
        with self._changed:
            self._aborted = True
            self._changed.notify_all()

    def close(self) -> None:
        """A thread that is left behind ends with what it does, or with the process."""

    def _is_over(self, deadline: float) -> bool:
        """Wait until no call is under way; return whether that is so. Raises DeliveryError after ``abort``."""
        self._changed.wait_for(lambda: self._aborted or self._is_idle(), max(0.0, deadline - time.monotonic()))
        if self._aborted:
            raise DeliveryError("delivery.stopped")
        return self._is_idle()

    def _is_idle(self) -> bool:
        return self._call is None or self._call.is_over

    def _on_end(self) -> None:
        with self._changed:
            self._changed.notify_all()


class _Call(threading.Thread):
    """One attempt, which tells when it is over and why it failed."""

    def __init__(self, target: NotifySpec, body: Mapping[str, Any], on_end: Callable[[], None]) -> None:
        super().__init__(name=f"deliver:{target.id}:call", daemon=True)
        self._target = target
        self._body = body
        self._on_end = on_end
        self.is_over = False
        self.failure: DeliveryError | None = None

    def run(self) -> None:
        """Load Apprise, which takes a moment the first time, and send."""
        try:
            _send(self._target, self._body)
        except DeliveryError as error:
            self.failure = error
        except Exception as error:  # noqa: BLE001  # any of a hundred services may fail in any way, and quote its address
            self.failure = DeliveryError("delivery.crashed", reason=type(error).__name__)
        self.is_over = True
        self._on_end()


def is_installed() -> bool:
    """Return whether Apprise is there. It is not loaded: that takes a moment."""
    return find_spec("apprise") is not None


def check_address(url: str) -> None:
    """Refuse what Apprise knows no service for; without Apprise nothing can be said, and nothing is.

    Raises:
        InputError: ``notify.bad_address``.
    """
    try:
        _loaded(url)
    except DeliveryError as error:
        if error.code == "notify.bad_address":
            raise InputError(error.code) from error


def message(body: Mapping[str, Any], language: Language) -> tuple[str, str]:
    """Return title and text of what ``payload`` has made."""
    if body.get("test"):
        return say("notify.test_title", language), say("notify.test", language)
    score, source = round(100 * body["score"]), body["source_name"]
    if body["event"] == "applause":
        return say("notify.applause_title", language, source=source), say("notify.applause", language, score=score)
    text = "notify.one_clap" if body["claps"] == 1 else "notify.claps"
    return say("notify.clap_title", language, source=source), say(text, language, claps=body["claps"], score=score)


def _send(target: NotifySpec, body: Mapping[str, Any]) -> None:
    title, text = message(body, target.language)
    if not _loaded(target.address).notify(title=title, body=text, body_format="text"):
        raise DeliveryError("notify.failed", retryable=True, service=target.url)


def _loaded(url: str) -> Any:
    """Return an ``apprise.Apprise`` with one service in it.

    Raises:
        DeliveryError: ``notify.no_apprise`` or ``notify.bad_address``.
    """
    for name in _TELL_SECRETS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        import apprise  # noqa: PLC0415  # optional, and slow to load
    except ImportError as error:
        raise DeliveryError("notify.no_apprise") from error
    # in this thread, and without time-outs of its own: its threads would be waited for when the process ends
    asset = apprise.AppriseAsset(app_id="ClapTrap", app_desc="ClapTrap", async_mode=False, service_timeout=0)
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        raise DeliveryError("notify.bad_address")
    return apprise.Apprise(service, asset=asset)
