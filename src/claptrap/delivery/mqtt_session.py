"""One connection to a broker, from the first packet to the last: what was refused in it, and why it ended."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from claptrap.core.errors import DeliveryError
from claptrap.delivery.mqtt_client import denial, make_client, refusal
from claptrap.delivery.mqtt_topics import subscriptions
from claptrap.receivers import BrokerSpec

_log = logging.getLogger(__name__)


class MqttSession:
    """Owns the client of one connection. The client's callbacks take no lock of ours: they hold the client's.

    Args:
        spec: the broker.
        on_connected: called when the broker has let us in, in the client's thread.
        on_message: called with each message, in the client's thread.

    Raises:
        DeliveryError: ``delivery.ca_file``.
    """

    def __init__(
        self, spec: BrokerSpec, on_connected: Callable[[], None], on_message: Callable[[paho.MQTTMessage], None]
    ) -> None:
        self.client = make_client(spec)
        self.refused: ReasonCode | None = None  # why the broker let us not in, or sent us away
        self._spec = spec
        self._over = threading.Event()
        self._outcomes: queue.SimpleQueue[tuple[int, ReasonCode] | None] = queue.SimpleQueue()
        self._denied_mids: dict[int, ReasonCode] = {}
        self._topics: dict[int, str] = {}
        self._denied: dict[str, DeliveryError] = {}
        self._publishing = threading.Lock()
        self.client.on_connect = self._contained(self._connected(on_connected))
        self.client.on_message = self._contained(lambda _c, _d, message: on_message(message))
        self.client.on_disconnect = self._contained(self._disconnected)
        self.client.on_publish = self._contained(self._published)
        self.client.on_subscribe = self._contained(self._answered)

    # -- what is sent ---------------------------------------------------------------------------------------------------

    def publish(self, topic: str, content: bytes, *, retain: bool = True) -> paho.MQTTMessageInfo:
        """Publish with QoS 1; a refusal is kept for ``denied``."""
        with self._publishing:
            sent = self.client.publish(topic, content, qos=1, retain=retain)
            self._topics[sent.mid] = topic
        return sent

    def subscribe(self) -> None:
        """Ask for commands, and for what other ClapTraps publish."""
        self.client.subscribe([(topic, 1) for topic in subscriptions(self._spec)])

    def denied_by(self, sent: paho.MQTTMessageInfo) -> ReasonCode | None:
        """Return why a message that is acknowledged was not accepted; None where it was."""
        return self._denied_mids.pop(sent.mid, None)

    def note(self, topic: str, error: DeliveryError | None) -> None:
        """Keep whether ClapTrap may publish at a topic."""
        if error is None:
            self._denied.pop(topic, None)
        else:
            self._denied[topic] = error

    @property
    def denied(self) -> DeliveryError | None:
        """Why a topic is denied to ClapTrap, of several the first; None where none is."""
        return next(iter(self._denied.values()), None)

    # -- how long it lasts ----------------------------------------------------------------------------------------------

    def end(self) -> None:
        """End the connection, soon. From any thread."""
        self._over.set()
        self._outcomes.put(None)

    def lasts(self, timeout_s: float) -> bool:
        """Wait; return whether the connection still lasts then."""
        return not self._over.wait(timeout_s)

    def wait_for_outcome(self) -> bool:
        """Wait until a topic is denied (True), or for the end (False)."""
        while (outcome := self._outcomes.get()) is not None:
            mid, reason = outcome
            with self._publishing:  # its topic may just be noted
                topic = self._topics.pop(mid, None)
            if topic is not None:
                self._denied_mids.pop(mid, None)
                self.note(topic, denial(topic, reason))
                return True
            if mid < 0:  # of a subscription
                topic = subscriptions(self._spec)[-mid - 1]
                self.note(topic, DeliveryError("mqtt.denied_subscribe", topic=topic, reason=str(reason)))
                return True
        return False

    def close(self) -> DeliveryError | None:
        """Say good-bye, and return why the broker ended this, as far as it has said so."""
        self.client.disconnect()
        self.client.loop_stop()
        if self.client.was_flooded:
            return DeliveryError("mqtt.too_large", retryable=True, where=self._spec.url)
        return refusal(self._spec, self.refused) if self.refused is not None else None

    # -- what the client calls ------------------------------------------------------------------------------------------

    def _connected(self, on_connected: Callable[[], None]) -> Callable[..., None]:
        def connected(_client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
            if reason.is_failure:
                self.refused = reason
                self.end()
            else:
                on_connected()

        return connected

    def _disconnected(self, _client: paho.Client, _data: Any, flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if flags.is_disconnect_packet_from_server and reason.is_failure and self.refused is None:
            self.refused = reason
        self.end()

    def _published(self, _client: paho.Client, _data: Any, mid: int, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            self._denied_mids[mid] = reason
            self._outcomes.put((mid, reason))
        else:
            self._topics.pop(mid, None)

    def _answered(
        self, _client: paho.Client, _data: Any, _mid: int, reasons: Sequence[ReasonCode], _properties: Any
    ) -> None:
        for place, reason in enumerate(reasons, 1):
            if reason.is_failure:
                self._outcomes.put((-place, reason))

    def _contained(self, call: Callable[..., None]) -> Callable[..., None]:
        """Return ``call``, for the client: a fault of ours in it is logged and ends the session; a new one begins."""

        def contained(*arguments: Any) -> None:
            try:
                call(*arguments)
            except Exception:  # noqa: BLE001  # it would end the client's thread, unnoticed
                _log.exception("a fault in answering the broker")
                self.end()

        return contained
