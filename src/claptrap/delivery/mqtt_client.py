"""The MQTT client as ClapTrap uses it: bounded, with a last will, and its reason codes in our words."""

from __future__ import annotations

import math
import selectors
import ssl
from contextlib import suppress
from uuid import uuid4

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from claptrap.core.errors import DeliveryError
from claptrap.delivery.mqtt_topics import OFFLINE, status_topic
from claptrap.receivers import BrokerSpec

CONNECT_S = 5.0
KEEPALIVE_S = 30
MAX_PACKET_BYTES = 65_536  # of what a broker sends: commands and other ClapTraps' entities are far smaller
_VERSIONS = {"3.1.1": paho.MQTTv311, "5": paho.MQTTv5}
_CREDENTIALS = frozenset({0x86, 0x87, 0x8C})  # MQTT 5, 2.4: bad user name or password, not authorized, bad method
_PASSING = frozenset({0x88, 0x89, 0x97, 0x9F})  # server unavailable, server busy, quota exceeded, connection rate exceeded
_WOKEN_BYTES = 10_000  # more than a client's own threads wake it between two looks
_CODES = {0x84: "mqtt.version", 0x9A: "mqtt.no_retain", 0x9B: "mqtt.no_qos"}
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)  # Windows has no poll, and there select will do


class MqttClient(paho.Client):
    """A client for a process of many descriptors that ends the connection rather than take a packet that is too large.

    MQTT 5 announces the bound to the broker, which drops such messages; 3.1.1 has no way to.
    """

    was_flooded = False

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > MAX_PACKET_BYTES:
            self.was_flooded = True
            raise ConnectionError("the packet is too large")
        return super()._sock_recv(bufsize)

    def _loop(self, timeout: float = 1.0) -> MQTTErrorCode:
        """Wait for the network, and read and write, as the library; but its ``select`` takes no descriptor above 1,023."""
        connection, woken = self._sock, self._sockpairR
        if connection is None or woken is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        is_pending = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
        both = selectors.EVENT_READ | selectors.EVENT_WRITE
        try:
            with _Selector() as selector:
                selector.register(connection, both if self.want_write() else selectors.EVENT_READ)
                selector.register(woken, selectors.EVENT_READ)
                ready = {key.fileobj: events for key, events in selector.select(0.0 if is_pending else timeout)}
        except (OSError, ValueError):  # another thread has closed it
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        events = ready.get(connection, 0)
        if woken in ready:
            with suppress(BlockingIOError):
                woken.recv(_WOKEN_BYTES)
        for is_due, act in (
            (is_pending or events & selectors.EVENT_READ, self.loop_read),
            (woken in ready or events & selectors.EVENT_WRITE, self.loop_write),
        ):
            if is_due and ((outcome := act()) or self._sock is None):
                return outcome
        return self.loop_misc()


def make_client(spec: BrokerSpec) -> MqttClient:
    """Return a client that is ready for ``connect``.

    Raises:
        DeliveryError: ``delivery.ca_file``.
    """
    client = MqttClient(
        CallbackAPIVersion.VERSION2,
        client_id=f"claptrap-{uuid4().hex[:12]}",
        protocol=_VERSIONS[spec.version],
        reconnect_on_failure=False,
    )
    client.connect_timeout = CONNECT_S
    if spec.username:
        client.username_pw_set(spec.username, spec.password)
    if spec.tls:
        client.tls_set_context(_context(spec))
    client.will_set(status_topic(spec), OFFLINE, qos=1, retain=True)
    return client


def connect(client: MqttClient, spec: BrokerSpec) -> None:
    """Open the connection, and introduce ClapTrap.

    Raises:
        OSError, ValueError: there is no way to the broker.
    """
    if spec.version == "5":
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has no types here
        properties.MaximumPacketSize = MAX_PACKET_BYTES
        client.connect(spec.host, spec.port, KEEPALIVE_S, properties=properties)
    else:
        client.connect(spec.host, spec.port, KEEPALIVE_S)


def expiry(spec: BrokerSpec, fresh_s: float) -> Properties | None:
    """Return MQTT 5's message expiry for a message that is fresh for ``fresh_s``, in whole seconds; None for 3.1.1."""
    if spec.version != "5":
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has no types here
    properties.MessageExpiryInterval = max(1, math.ceil(fresh_s))
    return properties


def refusal(spec: BrokerSpec, reason: ReasonCode) -> DeliveryError:
    """Return why a broker refused or ended the connection."""
    code = "mqtt.refused" if reason.value in _CREDENTIALS else _CODES.get(reason.value, "mqtt.rejected")
    return DeliveryError(code, retryable=is_passing(reason), where=spec.url, reason=str(reason))


def denial(topic: str, reason: ReasonCode) -> DeliveryError:
    """Return that a broker does not let ClapTrap publish at a topic."""
    return DeliveryError("mqtt.denied", retryable=is_passing(reason), topic=topic, reason=str(reason))


def is_passing(reason: ReasonCode) -> bool:
    """Return whether a broker's refusal is over by itself."""
    return reason.value in _PASSING


def _context(spec: BrokerSpec) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=spec.ca_file or None)
    except (OSError, ValueError) as error:  # a missing file, one that is no PEM, a path with a zero byte
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
        raise DeliveryError("delivery.ca_file", path=spec.ca_file, reason=reason) from error
    if not spec.verify_tls:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
