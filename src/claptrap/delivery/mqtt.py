"""The link to an MQTT broker. The only place that knows the MQTT client.

One thread, ``mqtt``, keeps the link: connects, says that ClapTrap is here, shows what ``retained`` says and takes orders,
until the link breaks; then again, ever more slowly. Detections come from a worker like those of any receiver: what is not
acknowledged stays in the outbox.

Two ClapTraps with the same topic would take each other's entities away. They say hello when they come and bye when they go,
find each other so, leave what is not theirs alone, and tell the person (``mqtt.shared``).
"""

from __future__ import annotations

import json
import logging
import math
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from claptrap.core.backoff import Backoff
from claptrap.core.errors import ClapTrapError, DeliveryError, NotSent
from claptrap.core.rate_limit import LogThrottle
from claptrap.core.receivers import BrokerSpec
from claptrap.delivery.discovery import (
    OFFLINE,
    ONLINE,
    PublishedSource,
    command_topics,
    instance_topic,
    retained,
    status_topic,
)
from claptrap.delivery.sender import Answer

CONNECT_S = 5.0
KEEPALIVE_S = 30
_PERMANENT_S = 60.0  # between attempts at what a person must mend
_STOP_S = 2.0  # for taking back what was shown, and for the thread
_LAST_WORDS_S = 1.0  # when the service ends, which must take 5 s at most with all that ends before
_GREETING_S = 10.0  # for a broker's first answer
_MANNERS_S = 1.0  # for another ClapTrap at the same topic to say so, before what nobody shows any more is taken back
_LOOK_S = 0.1  # between looks whether a worker is still to wait
_VERSIONS = {"3.1.1": paho.MQTTv311, "5": paho.MQTTv5}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody wants of a source: ``field`` of its settings shall be ``value``."""

    source_id: str
    field: str
    value: bool | float


class MqttLink:
    """The link to one broker, or to none. Safe from any thread.

    Args:
        on_order: called with each order, in the link's thread: must return at once.
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
        self._sources: Sequence[PublishedSource] = ()
        self._shown: dict[str, bytes] = {}
        self._name = uuid4().hex[:12]
        self._strays: set[str] = set()  # what another ClapTrap shows, be it an earlier one
        self._may_clear = False  # whether that can only be an earlier one's
        self._client: paho.Client | None = None
        self._over = threading.Event()  # ends the session that is under way
        self._problem: ClapTrapError | None = None
        self._said: object = (False, None)
        self._refrain = LogThrottle()
        self._aborted = False
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    # -- what the house says --------------------------------------------------------------------------------------------

    def retarget(self, spec: BrokerSpec | None) -> None:
        """Keep a link to ``spec`` and to no other; whatever another was shown is taken back."""
        with self._changed:
            if spec == self._spec:
                return
        self._leave(for_good=True)
        with self._changed:
            self._spec = spec
        if spec is not None:
            self._end = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(spec, self._end), name="mqtt", daemon=True)
            self._thread.start()

    def show(self, sources: Sequence[PublishedSource], *, again: bool = False) -> None:
        """Let everybody see ``sources`` as they are now: only what has changed is sent, unless ``again``."""
        with self._changed:
            self._sources = tuple(sources)
            if self._client is not None and self._spec is not None:
                self._send_retained(self._client, self._spec, again=again)

    def stop(self) -> None:
        """End the link; what was shown stays, marked as not available."""
        self._leave(for_good=False)

    @property
    def connected(self) -> bool:
        """Whether the broker has let us in and the link stands."""
        return self._client is not None

    def problem(self) -> ClapTrapError | None:
        """Return why there is no link; None while there is one, or none is wanted."""
        return self._problem

    # -- what a worker says ---------------------------------------------------------------------------------------------

    def post(self, target: BrokerSpec, body: Mapping[str, Any], _key: str, fresh_s: float = math.inf) -> Answer:
        """Publish a detection with QoS 1 and wait until the broker has acknowledged it.

        Raises:
            DeliveryError: ``mqtt.ended``, why there is no link, or ``delivery.timeout``, all retryable;
                ``delivery.stopped`` after ``abort``.
        """
        content = json.dumps({"event_type": body["event"], **body}, ensure_ascii=False).encode()
        deadline = time.monotonic() + target.timeout_s
        until = time.monotonic() + min(fresh_s, target.max_age_s)
        self._aborted = False
        client = self._linked(min(deadline, until))
        if client is None:
            known = self._problem or DeliveryError("delivery.timeout", seconds=target.timeout_s)
            raise NotSent(known.code, retryable=True, **known.params)
        properties = _expiry(target, until - time.monotonic())
        sent = client.publish(f"{target.topic}/{body['source_id']}/event", content, qos=1, properties=properties)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise DeliveryError("mqtt.ended", retryable=True, where=target.url)
        while not sent.is_published():
            if self._aborted:
                raise DeliveryError("delivery.stopped")
            if self._client is not client:
                raise DeliveryError("mqtt.ended", retryable=True, where=target.url)
            if time.monotonic() > deadline:
                raise DeliveryError("delivery.timeout", retryable=True, seconds=target.timeout_s)
            sent.wait_for_publish(_LOOK_S)
        return Answer(0, None)

    def abort(self) -> None:
        """Cut off the ``post`` that is under way, if any."""
        with self._changed:
            self._aborted = True
            self._changed.notify_all()

    def close(self) -> None:
        """The worker ends; the link stays."""

    def _linked(self, deadline: float) -> paho.Client | None:
        """Return the client as soon as there is a link; None where there is none by then."""
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or self._client, max(0.0, deadline - time.monotonic()))
            if self._aborted:
                raise DeliveryError("delivery.stopped")
            return self._client

    # -- the link -------------------------------------------------------------------------------------------------------

    def _run(self, spec: BrokerSpec, end: threading.Event) -> None:
        failures = 0
        while not end.is_set():
            is_permanent, began = False, time.monotonic()
            try:
                is_permanent = self._session(spec, end)
            except DeliveryError as error:
                is_permanent = True
                self._fail(error.code, spec, end, **error.params)
            except ssl.SSLError as error:
                reason = getattr(error, "verify_message", "") or error.reason or str(error)
                self._fail("mqtt.tls", spec, end, reason=reason)
            except (OSError, ValueError) as error:
                self._fail("mqtt.unreachable", spec, end, reason=getattr(error, "strerror", None) or str(error))
            except Exception as error:  # noqa: BLE001  # the supervisor contains it: a fault of ours must not be the last try
                _log.exception("a fault in keeping the link to the broker")
                self._fail("delivery.crashed", spec, end, reason=type(error).__name__)
            failures = 1 if time.monotonic() - began > KEEPALIVE_S else failures + 1
            end.wait(_PERMANENT_S if is_permanent else self._backoff.wait_s(failures))

    def _session(self, spec: BrokerSpec, end: threading.Event) -> bool:
        """Keep one link until it breaks or ``end``; return whether only a person can mend what went wrong.

        Raises:
            DeliveryError: ``delivery.ca_file``.
            OSError, ValueError: there is no way to the broker.
        """
        client = _client(spec)
        refused: list[ReasonCode] = []
        over = self._over = threading.Event()

        def let_in(_client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
            if reason.is_failure:
                refused.append(reason)
                over.set()
            elif not self._greet(client, spec, end):
                over.set()

        client.on_connect = _contained(over, let_in)
        client.on_message = _contained(over, lambda _c, _d, message: self._hear(client, spec, message))
        client.on_disconnect = lambda *_: over.set()
        client.connect(spec.host, spec.port, KEEPALIVE_S)
        client.loop_start()
        is_mute = self._is_mute(client, over)
        if not is_mute:
            if not over.wait(_MANNERS_S):
                self._clear(client)
                self._refrain.reset()
            over.wait()
        client.disconnect()
        client.loop_stop()
        with self._changed:
            if self._client is client:  # else another link has taken its place
                self._client, self._shown = None, {}
                self._changed.notify_all()
        if refused:
            self._fail("mqtt.refused", spec, end, reason=str(refused[0]))
        else:
            self._fail("mqtt.mute" if is_mute else "mqtt.ended", spec, end)
        return bool(refused)

    def _is_mute(self, client: paho.Client, over: threading.Event) -> bool:
        """Wait for the broker's first answer, or the end; return whether neither came."""
        deadline = time.monotonic() + _GREETING_S
        while self._client is not client and time.monotonic() < deadline and not over.wait(_LOOK_S):
            pass
        return self._client is not client and not over.is_set()

    def _greet(self, client: paho.Client, spec: BrokerSpec, end: threading.Event) -> bool:
        """Say that ClapTrap is here, show everything, and listen; False, and nothing said, once this link is to ``end``."""
        with self._changed:
            if end.is_set():
                return False
            self._client, self._shown = client, {}
            self._strays, self._may_clear = set(), True
            client.publish(status_topic(spec), ONLINE, qos=1, retain=True)
            self._send_retained(client, spec, again=True)
            client.subscribe([(topic, 1) for topic in command_topics(spec)])
            self._call_out(client, spec, "hello")
            self._changed.notify_all()
        self._say(None)
        _log.info("%s: connected", spec.url)
        return True

    def _hear(self, client: paho.Client, spec: BrokerSpec, message: paho.MQTTMessage) -> None:
        """Take an order, show all to a Home Assistant that has just come up, or take back what a ClapTrap before showed."""
        topic = message.topic
        if topic == instance_topic(spec):
            self._meet(client, spec, bytes(message.payload))
        elif topic == status_topic(spec):
            if message.payload != ONLINE and not message.retain:
                self._outlive(client, spec)
        elif topic == f"{spec.discovery}/status":
            if message.payload == ONLINE and not message.retain:
                self.show(self._sources, again=True)
        elif message.retain:
            with self._changed:
                is_stray = message.payload and topic not in retained(spec, self._sources)
                if is_stray and not topic.endswith("/set"):
                    self._strays.add(topic)
        elif topic.endswith("/set") and (command := _parse_command(spec, topic, message.payload)) is not None:
            self._on_command(command)

    def _clear(self, client: paho.Client) -> None:
        """Take back what an earlier ClapTrap showed; nothing, where another is there that may show it."""
        with self._changed:
            for topic in self._strays if self._may_clear and self._client is client else ():
                client.publish(topic, b"", qos=1, retain=True)
            self._strays = set()

    def _meet(self, client: paho.Client, spec: BrokerSpec, payload: bytes) -> None:
        """Hear what a ClapTrap at the same topic says: who comes is answered, who goes may have taken what is ours along."""
        word, _, name = payload.decode(errors="replace").partition(" ")
        if name == self._name or self._client is not client:
            return
        if word == "bye":
            self._outlive(client, spec)
            return
        self._may_clear = False
        if word == "hello":
            self._call_out(client, spec, "here")
        self._say(DeliveryError("mqtt.shared", where=spec.url, topic=spec.topic))

    def _outlive(self, client: paho.Client, spec: BrokerSpec) -> None:
        """Show that ClapTrap is here, though somebody with its topic has gone: another one, or its own broken link."""
        if self._client is not client:
            return  # we go ourselves
        client.publish(status_topic(spec), ONLINE, qos=1, retain=True)
        self.show(self._sources, again=True)
        self._say(None)
        self._call_out(client, spec, "hello")  # there may be one more

    def _call_out(self, client: paho.Client, spec: BrokerSpec, word: str) -> None:
        client.publish(instance_topic(spec), f"{word} {self._name}", qos=1)

    def _send_retained(self, client: paho.Client, spec: BrokerSpec, *, again: bool) -> None:
        wanted = retained(spec, self._sources)
        for topic in self._shown.keys() - wanted.keys():
            client.publish(topic, b"", qos=1, retain=True)
        for topic, content in wanted.items():
            if again or self._shown.get(topic) != content:
                client.publish(topic, content, qos=1, retain=True)
        self._shown = wanted

    def _leave(self, *, for_good: bool) -> None:
        """End the link, with last words where it stands: not available, and for good: forget what was shown."""
        self._end.set()
        with self._changed:
            client, spec, thread, shown = self._client, self._spec, self._thread, self._shown
            self._client, self._spec, self._thread, self._shown = None, None, None, {}
            self._changed.notify_all()
        if client is not None and spec is not None:
            for topic in shown if for_good else ():  # without acknowledgements, of which only a few are awaited at a time
                client.publish(topic, b"", qos=0, retain=True)
            self._call_out(client, spec, "bye")
            last = client.publish(status_topic(spec), b"" if for_good else OFFLINE, qos=1, retain=True)
            if last.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
                last.wait_for_publish(_STOP_S if for_good else _LAST_WORDS_S)
        self._over.set()
        if thread is not None:
            thread.join(_STOP_S)  # a look-up of a name that hangs is left behind
        self._say(None)

    def _fail(self, code: str, spec: BrokerSpec, end: threading.Event, **why: str | float) -> None:
        """Say why there is no link, unless it is to ``end``: what a slow one meets then is nobody's problem any more."""
        if end.is_set():
            return
        problem = DeliveryError(code, retryable=True, where=spec.url, **why)
        _log.log(logging.WARNING if self._refrain.is_due(code, time.monotonic()) else logging.DEBUG, "%s", problem)
        self._say(problem)

    def _say(self, problem: ClapTrapError | None) -> None:
        self._problem = problem
        known, self._said = self._said, (self.connected, problem and (problem.code, problem.params))
        if known != self._said:
            self._on_change()


def _client(spec: BrokerSpec) -> paho.Client:
    """Return a client that is ready to connect.

    Raises:
        DeliveryError: ``delivery.ca_file``.
    """
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"claptrap-{uuid4().hex[:12]}",
        protocol=_VERSIONS[spec.version],
        reconnect_on_failure=False,
    )
    client.connect_timeout = CONNECT_S
    if spec.username:
        client.username_pw_set(spec.username, spec.password)
    if spec.tls:
        try:
            context = ssl.create_default_context(cafile=spec.ca_file or None)
        except (OSError, ValueError) as error:  # a missing file, one that is no PEM, a path with a zero byte
            reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
            raise DeliveryError("delivery.ca_file", path=spec.ca_file, reason=reason) from error
        if not spec.verify_tls:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client.tls_set_context(context)
    client.will_set(status_topic(spec), OFFLINE, qos=1, retain=True)
    return client


def _expiry(spec: BrokerSpec, fresh_s: float) -> Properties | None:
    """Return what tells a broker that speaks MQTT 5 to drop a message once it is no longer fresh, in whole seconds."""
    if spec.version != "5":
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has no types here
    properties.MessageExpiryInterval = max(1, math.ceil(fresh_s))
    return properties


def _contained(over: threading.Event, call: Callable[..., None]) -> Callable[..., None]:
    """Return ``call``, for the client: a fault of ours in it is logged and ends the session, which begins anew."""

    def contained(*arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception:  # noqa: BLE001  # it would end the client's thread, and nobody would notice
            _log.exception("a fault in answering the broker")
            over.set()

    return contained


def _parse_command(spec: BrokerSpec, topic: str, payload: bytes | bytearray) -> Command | None:
    """Return what ``…/SOURCE/enabled/set`` or ``…/SOURCE/threshold/set`` asks for; None for nonsense, which is logged."""
    source_id, field, _ = topic.removeprefix(f"{spec.topic}/").split("/")
    text = payload.decode(errors="replace").strip()
    if field == "enabled" and text in ("ON", "OFF"):
        return Command(source_id, field, text == "ON")
    if field == "threshold":
        try:
            return Command(source_id, field, float(text))
        except ValueError:
            pass
    _log.warning("%s: %s is no order: %.40r", spec.url, topic, text)
    return None
