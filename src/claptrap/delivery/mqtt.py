"""The link to an MQTT broker.

One thread, ``mqtt``, keeps the link: it connects, says that ClapTrap is here, publishes what ``retained`` says and receives
commands, until the link breaks; then again, ever more slowly. Detections come from a worker like those of any receiver: what
is not acknowledged stays in the outbox for as long as it is fresh.
"""

from __future__ import annotations

import json
import logging
import math
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

from claptrap.core.backoff import Backoff
from claptrap.core.errors import ClapTrapError, DeliveryError, NotSent
from claptrap.core.rate_limit import LogThrottle, RateLimitedCounter
from claptrap.delivery.discovery import MIGRATE, event_type, retained, topics_alone
from claptrap.delivery.mqtt_client import KEEPALIVE_S, connect, denial, expiry
from claptrap.delivery.mqtt_commands import Command, parse_command
from claptrap.delivery.mqtt_peers import PeerNews, PeerProtocol
from claptrap.delivery.mqtt_session import MqttSession
from claptrap.delivery.mqtt_topics import OFFLINE, ONLINE, Published, instance_topic, level_topic, status_topic
from claptrap.delivery.sender import Answer, nothing
from claptrap.receivers import BrokerSpec

_PERMANENT_S = 60.0  # between attempts at what a person must mend
_STOP_S = 2.0  # for taking back what was published, and for the thread
_LAST_WORDS_S = 1.0  # when the service ends, which must take 5 s at most with all that ends before
_GREETING_S = 10.0  # for a broker's first answer
_PEERS_S = 1.0  # for another ClapTrap at the same topic to answer, before what an earlier one left is removed
_LOOK_S = 0.1  # between looks whether a worker is still to wait
_MAX_FOREIGN = 10_000  # topics of other ClapTraps that are remembered
_log = logging.getLogger(__name__)


class MqttLink:
    """The link to one broker, or to none. Safe from any thread.

    Args:
        on_command: called with each command, in the link's thread: must return at once.
        on_change: called when ``problem`` or ``connected`` has changed.
        backoff: how long to wait between attempts to connect.
    """

    def __init__(
        self, on_command: Callable[[Command], None], on_change: Callable[[], None], backoff: Backoff | None = None
    ) -> None:
        self._on_command = on_command
        self._on_change = on_change
        self._backoff = backoff or Backoff(first_s=1.0, max_s=30.0)
        self._changed = threading.Condition()
        self._spec: BrokerSpec | None = None
        self._shown = Published()
        self._published: dict[str, bytes] = {}  # what the broker has been given, by topic
        self._peers = PeerProtocol(self._publish_to_peers)
        self._foreign: set[str] = set()  # what another ClapTrap has published, be it an earlier one
        self._may_clear = False  # whether that can only be an earlier one's
        self._is_settled = False  # whether what was there before this session has been seen
        self._session: MqttSession | None = None  # the one that the broker has let in
        self._latest: MqttSession | None = None  # the one under way
        self._problem: ClapTrapError | None = None
        self._reported: object = (False, None)
        self._throttle, self._nonsense = LogThrottle(), RateLimitedCounter()
        self._aborted = False
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    # -- what the service says ------------------------------------------------------------------------------------------

    def retarget(self, spec: BrokerSpec | None) -> None:
        """Keep a link to ``spec`` and to no other; whatever was published at another is removed there."""
        with self._changed:
            if _link(spec) == _link(self._spec):
                self._spec = spec
                self._send_retained(again=False)  # the language may be another
                return
        self._leave(for_good=True)
        with self._changed:
            self._spec = spec
        if spec is not None:
            self._end = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(spec, self._end), name="mqtt", daemon=True)
            self._thread.start()

    def show(self, shown: Published, *, again: bool = False) -> None:
        """Publish what others see as it is now: only what has changed, unless ``again``."""
        with self._changed:
            self._shown = shown
            self._send_retained(again=again)

    def show_levels(self, levels: Mapping[str, int]) -> None:
        """Publish the loudness of sources, in dB by their ids, for those that listen just now."""
        session, spec = self._session, self._spec
        if session is not None and spec is not None:
            for source_id, level in levels.items():
                session.client.publish(level_topic(spec, source_id), str(level))

    def stop(self) -> None:
        """End the link; what was published stays, marked as not available."""
        self._leave(for_good=False)

    @property
    def connected(self) -> bool:
        """Whether the broker has let us in and the link stands."""
        return self._session is not None

    def problem(self) -> ClapTrapError | None:
        """Return why there is no link, or what is wrong with it; None where all is well, or none is wanted."""
        return self._problem

    # -- what a worker says ---------------------------------------------------------------------------------------------

    def prepare(self, _target: BrokerSpec) -> None:
        """Do nothing: the link is there already."""

    def is_reachable(self, _target: BrokerSpec) -> bool | None:
        """Return whether the link stands."""
        return self.connected

    def post(
        self,
        target: BrokerSpec,
        body: Mapping[str, Any],
        _key: str,
        fresh_s: float = math.inf,
        on_send: Callable[[], None] = nothing,
    ) -> Answer:
        """Publish a detection with QoS 1 and wait until the broker has accepted it.

        Raises:
            NotSent: why there is no link; retryable.
            DeliveryError: ``mqtt.ended`` or ``delivery.no_answer``, retryable; ``mqtt.denied``; ``delivery.stopped`` after
                ``abort``.
        """
        content = json.dumps({"event_type": event_type(body), **body}, ensure_ascii=False).encode()
        topic = f"{target.topic}/{body['source_id']}/event"
        deadline = time.monotonic() + target.timeout_s
        fresh_until = time.monotonic() + min(fresh_s, target.max_age_s)
        self._aborted = False
        session = self._linked(min(deadline, fresh_until))
        if session is None:
            known = self._problem or DeliveryError("delivery.timeout", seconds=target.timeout_s)
            raise NotSent(known.code, retryable=True, **known.params)
        on_send()
        properties = expiry(target, fresh_until - time.monotonic())
        sent = session.client.publish(topic, content, qos=1, properties=properties)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise NotSent("mqtt.ended", retryable=True, where=target.url)
        self._wait_for_acknowledgement(session, sent, target, deadline)
        reason = session.denied_by(sent)
        session.note(topic, denial(topic, reason) if reason is not None else None)
        self._report(session.denied or self._lasting_problem())
        if reason is not None:
            raise denial(topic, reason)
        return Answer(0, None)

    def abort(self) -> None:
        """Cut off the ``post`` that is under way, if any."""
        with self._changed:
            self._aborted = True
            self._changed.notify_all()

    def close(self) -> None:
        """The worker ends; the link stays."""

    def _linked(self, deadline: float) -> MqttSession | None:
        """Return the session as soon as there is a link; None where there is none by then."""
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or self._session, max(0.0, deadline - time.monotonic()))
            if self._aborted:
                raise DeliveryError("delivery.stopped")
            return self._session

    def _wait_for_acknowledgement(
        self, session: MqttSession, sent: paho.MQTTMessageInfo, target: BrokerSpec, deadline: float
    ) -> None:
        while not sent.is_published():
            if self._aborted:
                raise DeliveryError("delivery.stopped")
            if self._session is not session:
                raise DeliveryError("mqtt.ended", retryable=True, where=target.url)
            if time.monotonic() > deadline:
                session.end()  # or the client would send it later
                raise DeliveryError("delivery.no_answer", retryable=True, seconds=target.timeout_s)
            sent.wait_for_publish(_LOOK_S)

    # -- the link -------------------------------------------------------------------------------------------------------

    def _run(self, spec: BrokerSpec, end: threading.Event) -> None:
        failures = 0
        while not end.is_set():
            began = time.monotonic()
            try:
                error = self._hold(spec, end)
            except DeliveryError as failure:
                error = failure
            except ssl.SSLError as failure:
                reason = getattr(failure, "verify_message", "") or failure.reason or str(failure)
                error = DeliveryError("mqtt.tls", retryable=True, where=spec.url, reason=reason)
            except (OSError, ValueError) as failure:
                reason = getattr(failure, "strerror", None) or str(failure)
                error = DeliveryError("mqtt.unreachable", retryable=True, where=spec.url, reason=reason)
            except Exception as failure:  # noqa: BLE001  # the supervisor contains it: a fault of ours must not be the last try
                _log.exception("a fault in keeping the link to the broker")
                error = DeliveryError("delivery.crashed", retryable=True, reason=type(failure).__name__)
            if not end.is_set():  # else what a slow one meets is of no interest any more
                level = logging.WARNING if self._throttle.is_due(error.code, time.monotonic()) else logging.DEBUG
                _log.log(level, "%s", error)
                self._report(error)
            failures = 1 if time.monotonic() - began > KEEPALIVE_S else failures + 1
            end.wait(self._backoff.wait_s(failures) if error.retryable else _PERMANENT_S)

    def _hold(self, spec: BrokerSpec, end: threading.Event) -> DeliveryError:
        """Keep one link until it breaks or ``end``; return why it broke, retryable unless only a person can mend it.

        Raises:
            DeliveryError: ``delivery.ca_file``.
            OSError, ValueError: there is no way to the broker.
        """
        session = MqttSession(
            spec,
            lambda: self._on_connected(session, spec, end),
            lambda message: self._on_message(session, spec, message),
        )
        self._latest = session
        if end.is_set():
            session.end()
        connect(session.client, spec)
        session.client.loop_start()
        is_mute = self._is_mute(session)
        if not is_mute and session.lasts(_PEERS_S):
            self._settle(session, spec)
            self._remove_foreign(session)
            self._throttle.reset()
        while not is_mute and session.wait_for_outcome():
            self._report(session.denied or self._problem)
        said = session.close()
        with self._changed:
            if self._session is session:  # else another link has taken its place
                self._session, self._published = None, {}
                self._changed.notify_all()
        return said or DeliveryError("mqtt.mute" if is_mute else "mqtt.ended", retryable=True, where=spec.url)

    def _is_mute(self, session: MqttSession) -> bool:
        """Wait for the broker's first answer, or the end; return whether neither came."""
        deadline = time.monotonic() + _GREETING_S
        while self._session is not session and time.monotonic() < deadline:
            if not session.lasts(_LOOK_S):
                return False
        return self._session is not session

    def _on_connected(self, session: MqttSession, spec: BrokerSpec, end: threading.Event) -> None:
        """Say that ClapTrap is here, and listen; nothing of this once the link is to ``end``."""
        with self._changed:
            if end.is_set():
                session.end()
                return
            self._session, self._published = session, {}
            self._foreign, self._may_clear, self._is_settled = set(), True, False
            session.publish(status_topic(spec), ONLINE)
            session.subscribe()
            self._peers.hello()
            self._changed.notify_all()
        self._report(None)
        _log.info("%s: connected", spec.url)

    def _settle(self, session: MqttSession, spec: BrokerSpec) -> None:
        """Publish everything, now that what was there before is known: what was discovered alone moves into its device."""
        with self._changed:
            if self._session is session and not self._is_settled:
                self._is_settled = True
                for topic in self._foreign & topics_alone(spec, self._shown):
                    session.publish(topic, MIGRATE)
                self._send_retained(again=True)

    def _on_message(self, session: MqttSession, spec: BrokerSpec, message: paho.MQTTMessage) -> None:
        """Pass a command on, publish all for a Home Assistant that has just started, or note what others have published."""
        topic = message.topic
        if topic == instance_topic(spec):
            news = self._peers.received(bytes(message.payload))
            if news is PeerNews.NONE:  # our own hello is back, and came after all that the broker has kept
                self._settle(session, spec)
            self._on_peer(session, spec, news)
        elif topic == status_topic(spec):
            if message.payload != ONLINE and not message.retain:
                self._on_peer(session, spec, PeerNews.GONE)
        elif topic == f"{spec.discovery}/status":
            if message.payload == ONLINE and not message.retain:
                self.show(self._shown, again=True)
        elif topic.endswith("/set"):
            if not message.retain:
                self._pass_on(spec, topic, message.payload)
        else:
            self._note_kept(spec, message)

    def _pass_on(self, spec: BrokerSpec, topic: str, payload: bytes | bytearray) -> None:
        if (command := parse_command(spec, topic, payload)) is not None:
            self._on_command(command)
        elif n := self._nonsense.add(time.monotonic()):
            _log.warning("%s: %d messages are no commands, the last at %.80r: %.40r", spec.url, n, topic, payload)

    def _note_kept(self, spec: BrokerSpec, message: paho.MQTTMessage) -> None:
        """Note what others have published; and what they have removed, so that it comes back with the next change."""
        topic = message.topic
        with self._changed:
            if not message.payload:  # Home Assistant has deleted the device, say
                self._published.pop(topic, None)
            elif message.retain and topic not in retained(spec, self._shown) and len(self._foreign) < _MAX_FOREIGN:
                self._foreign.add(topic)

    def _remove_foreign(self, session: MqttSession) -> None:
        """Remove what an earlier ClapTrap has published; nothing, where another is there whose it may be."""
        with self._changed:
            for topic in self._foreign if self._may_clear and self._session is session else ():
                session.publish(topic, b"")
            self._foreign = set()

    def _on_peer(self, session: MqttSession, spec: BrokerSpec, news: PeerNews) -> None:
        """Act on another ClapTrap at the same topic; of one that has gone, or a broken link of our own, undo the traces."""
        if self._session is not session or news is PeerNews.NONE:
            return
        if news is PeerNews.PRESENT:
            self._may_clear = False
            self._report(DeliveryError("mqtt.shared", where=spec.url, topic=spec.topic))
            return
        session.publish(status_topic(spec), ONLINE)
        self.show(self._shown, again=True)
        self._report(None)
        self._peers.hello()  # there may be one more

    def _publish_to_peers(self, text: str) -> None:
        session, spec = self._session, self._spec
        if session is not None and spec is not None:
            session.client.publish(instance_topic(spec), text, qos=1)

    def _send_retained(self, *, again: bool) -> None:
        """Bring what the broker keeps up to date, once the session is settled. The caller has the lock."""
        session, spec = self._session, self._spec
        if session is None or spec is None or not self._is_settled:
            return
        wanted = retained(spec, self._shown)
        for topic in self._published.keys() - wanted.keys():
            session.publish(topic, b"")
        for topic, content in wanted.items():
            if again or self._published.get(topic) != content:
                session.publish(topic, content)
        self._published = wanted

    def _leave(self, *, for_good: bool) -> None:
        """End the link, with last words where it stands: not available, and for good: remove what was published."""
        self._end.set()
        with self._changed:
            session, spec, thread, published = self._session, self._spec, self._thread, self._published
            if session is not None:
                self._peers.bye()
            self._session, self._spec, self._thread, self._published = None, None, None, {}
            self._changed.notify_all()
        if session is not None and spec is not None:
            client = session.client
            for topic in (
                published if for_good else ()
            ):  # without acknowledgements, of which only a few are awaited at a time
                client.publish(topic, b"", qos=0, retain=True)
            last = client.publish(status_topic(spec), b"" if for_good else OFFLINE, qos=1, retain=True)
            if last.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
                last.wait_for_publish(_STOP_S if for_good else _LAST_WORDS_S)
        if self._latest is not None:
            self._latest.end()
        if thread is not None:
            thread.join(_STOP_S)  # a look-up of a name that hangs is left behind
        self._report(None)

    def _lasting_problem(self) -> ClapTrapError | None:
        """Return what is wrong with a link that stands; a topic that is denied no more is not."""
        problem = self._problem
        return None if problem is None or problem.code.startswith("mqtt.denied") else problem

    def _report(self, problem: ClapTrapError | None) -> None:
        self._problem = problem
        known, self._reported = self._reported, (self.connected, problem and (problem.code, problem.params))
        if known != self._reported:
            self._on_change()


def _link(spec: BrokerSpec | None) -> object:
    """Return what a link depends on."""
    return spec and (spec.endpoint, spec.topic, spec.discovery)
