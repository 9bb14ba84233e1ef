"""One attempt to show one notification. The only place that knows Apprise, which need not be installed.

Apprise cannot be interrupted, so each attempt has a thread of its own that is left behind when its time is up, or when
ClapTrap stops. There is one such thread a receiver at most: the next attempt waits until it has ended.
"""

from __future__ import annotations

import logging
import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Any

from claptrap.core.errors import DeliveryError, InputError, NotSent, OutcomeUnknown
from claptrap.core.spec import Language
from claptrap.delivery.policy import NOT_NOW, tidy
from claptrap.delivery.sender import Answer, nothing
from claptrap.receivers import NotifySpec
from claptrap.text.catalogue import say

_TELL_SECRETS = ("urllib3", "requests_oauthlib", "oauthlib")  # they log addresses, and tokens in them
_STATUS = re.compile(r"error=(\d{3})\b")  # as Apprise says in its log what a service answered
_NOT_REACHED = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ConnectionRefused|refused|getaddrinfo|not known|SSLError"
)
_NOT_ANSWERED = re.compile(r"Read timed out|RemoteDisconnected|Connection aborted|reset by peer")
_CONNECT_PART = 0.5  # of an attempt's time, for connecting; the rest is for the answer


class NotificationSender:
    """Shows notifications, one attempt at a time; ``abort`` may be called from any other thread.

    Args:
        link: returns the address by which a person says that a detection was no clap; empty where there is none.
    """

    def __init__(self, link: Callable[[str], str] = lambda _: "") -> None:
        self._link = link
        self._changed = threading.Condition()
        self._aborted = False
        self._call: _Call | None = None

    def prepare(self, target: NotifySpec) -> None:
        """Load Apprise, which takes a moment."""
        with suppress(DeliveryError):
            _loaded(target.address)

    def is_reachable(self, _target: NotifySpec) -> bool | None:
        """Return None: services are only reached by showing something."""
        return None

    def post(
        self,
        target: NotifySpec,
        body: Mapping[str, Any],
        _key: str,
        fresh_s: float = math.inf,
        on_send: Callable[[], None] = nothing,
    ) -> Answer:
        """Have ``target`` show what ``body`` says, in its language.

        Raises:
            NotSent: ``notify.busy``, ``notify.unreachable``.
            OutcomeUnknown: ``delivery.no_answer``, ``delivery.cut_off`` after ``abort``, ``notify.status``.
            DeliveryError: ``notify.status``, ``notify.denied``, ``notify.failed``, ``notify.no_apprise``,
                ``notify.bad_address``, ``notify.no_topic``; ``delivery.stopped`` after ``abort`` before anything was sent.
        """
        with self._changed:
            self._aborted = False
            deadline = time.monotonic() + target.timeout_s
            if not self._is_over(min(deadline, time.monotonic() + fresh_s)):  # what was left behind
                raise NotSent("notify.busy", retryable=True)
            on_send()
            is_detection = not body.get("test") and body["event"] != "alert"
            link = self._link(body["event_id"]) if is_detection else ""
            self._call = call = _Call(target, body, link, self._on_end)
            call.start()
            try:
                is_over = self._is_over(deadline)
            except DeliveryError as error:
                raise OutcomeUnknown("delivery.cut_off") from error
            if not is_over:
                raise OutcomeUnknown("delivery.no_answer", seconds=tidy(target.timeout_s))
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
    """One attempt in a thread of its own; calls ``on_end`` when it is over."""

    def __init__(self, target: NotifySpec, body: Mapping[str, Any], link: str, on_end: Callable[[], None]) -> None:
        super().__init__(name=f"deliver:{target.id}:call", daemon=True)
        self._target = target
        self._body = body
        self._link = link
        self._on_end = on_end
        self.is_over = False
        self.failure: DeliveryError | None = None

    def run(self) -> None:
        """Load Apprise, which takes a moment the first time, and send."""
        try:
            _send(self._target, self._body, self._link)
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
        InputError: ``notify.bad_address``, ``notify.no_topic``.
    """
    try:
        _loaded(url)
    except DeliveryError as error:
        if error.code != "notify.no_apprise":
            raise InputError(error.code) from error


def message(body: Mapping[str, Any], language: Language) -> tuple[str, str]:
    """Return title and text of what ``payload`` has made."""
    if body.get("test"):
        return say("notify.test_title", language), say("notify.test", language)
    if body["event"] == "alert":
        return _alert(body, language)
    score, source = round(100 * body["score"]), body["source_name"]
    if body.get("trigger"):
        title = say("notify.trigger_title", language, trigger=body["trigger_name"], source=source)
        return title, say("notify.trigger", language, score=score)
    if body["event"] == "applause":
        return say("notify.applause_title", language, source=source), say("notify.applause", language, score=score)
    text = "notify.one_clap" if body["claps"] == 1 else "notify.claps"
    return say("notify.clap_title", language, source=source), say(text, language, claps=body["claps"], score=score)


def _alert(body: Mapping[str, Any], language: Language) -> tuple[str, str]:
    """Return title and text of an alert: what is out of order first."""
    begun = [say(one["code"], language, **one["params"]) for one in body["begun"]]
    ended = [
        say("notify.well_again", language, minutes=one["minutes"], problem=say(one["code"], language, **one["params"]))
        for one in body["ended"]
    ]
    return say("notify.alert_title" if begun else "notify.well_title", language), "\n".join([*begun, *ended])


def _send(target: NotifySpec, body: Mapping[str, Any], link: str) -> None:
    title, text = message(body, target.language)
    text += f"\n{say('notify.mark_link', target.language, link=link)}" if link else ""
    with _reasons.listening() as said:
        if not _loaded(target.address, target.timeout_s).notify(title=title, body=text, body_format="text"):
            raise _failure(target, said)


def _failure(target: NotifySpec, said: Sequence[str]) -> DeliveryError:
    """Say why a service did not take a notification, out of what Apprise has logged meanwhile."""
    text = "\n".join(said)
    if found := _STATUS.search(text):
        return _refusal(target.url, int(found[1]))
    if _NOT_ANSWERED.search(text):
        return OutcomeUnknown("delivery.no_answer", seconds=tidy(target.timeout_s))
    if _NOT_REACHED.search(text):
        return NotSent("notify.unreachable", retryable=True, service=target.url)
    return DeliveryError("notify.failed", service=target.url)


def _refusal(service: str, status: int) -> DeliveryError:
    if status in (401, 403):
        return DeliveryError("notify.denied", service=service, status=status)
    if status in NOT_NOW:
        return DeliveryError("notify.status", retryable=True, service=service, status=status)
    kind = OutcomeUnknown if status >= 500 else DeliveryError
    return kind("notify.status", service=service, status=status)


class _Reasons(logging.Filter):
    """Keeps what Apprise logs, by thread, and lets none of it through: addresses and tokens are in it."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[int | None, list[str]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep a line for the thread that listens, if it does."""
        if (said := self._said.get(record.thread)) is not None:
            said.append(record.getMessage())
        return False

    @contextmanager
    def listening(self) -> Iterator[Sequence[str]]:
        """Collect what is logged in this thread."""
        thread = threading.get_ident()
        said = self._said[thread] = list[str]()
        try:
            yield said
        finally:
            del self._said[thread]


_reasons = _Reasons()


def _loaded(url: str, timeout_s: float = 15.0) -> Any:
    """Return an ``apprise.Apprise`` with one service in it.

    Args:
        url: Apprise's address of the service.
        timeout_s: bound on connecting and on the answer together, unless the address has time-outs of its own (cto, rto).

    Raises:
        DeliveryError: ``notify.no_apprise``, ``notify.bad_address``, ``notify.no_topic``.
    """
    for name in _TELL_SECRETS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    logging.getLogger("apprise").addFilter(_reasons)  # once, however often
    logging.getLogger("apprise").setLevel(logging.DEBUG)
    try:
        import apprise  # noqa: PLC0415  # optional, and slow to load
    except ImportError as error:
        raise DeliveryError("notify.no_apprise") from error
    # in this thread, and without time-outs of its own: its threads would be waited for when the process ends; without
    # pictures, which the phone would fetch from elsewhere
    asset = apprise.AppriseAsset(
        app_id="ClapTrap", app_desc="ClapTrap", async_mode=False, service_timeout=0, image_url_mask="", image_url_logo=""
    )
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        raise DeliveryError("notify.bad_address")
    if getattr(service, "topics", None) == []:
        raise DeliveryError("notify.no_topic")
    service.socket_connect_timeout = min(service.socket_connect_timeout, _CONNECT_PART * timeout_s)
    if "rto=" not in url:
        service.socket_read_timeout = timeout_s - service.socket_connect_timeout
    return apprise.Apprise(service, asset=asset)
