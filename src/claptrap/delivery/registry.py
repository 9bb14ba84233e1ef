"""Which sender reaches which kind of receiver."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from claptrap.delivery.notify import NotificationSender
from claptrap.delivery.sender import Sender
from claptrap.delivery.webhook import WebhookSender
from claptrap.receivers import NotifySpec, WebhookSpec

Senders = Mapping[str, Callable[[], Sender]]
"""By the receivers' ``KIND``: what makes a sender for one of them."""

SENDERS: Senders = {
    WebhookSpec.KIND: WebhookSender,
    NotifySpec.KIND: NotificationSender,
}
"""Kinds that need nothing else; the owner of a lasting link (MQTT) adds its kind."""
