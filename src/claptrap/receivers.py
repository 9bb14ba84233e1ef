"""Receivers of events, as frozen plain data. A kind is one class here and one line in ``delivery.registry``."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from claptrap.core.events import Event
from claptrap.core.spec import Language
from claptrap.core.weburl import LONG_ENOUGH_TO_BE_SECRET, LONG_ENOUGH_TO_TELL, secrets_of


class ReceiverSpec(Protocol):
    """What every kind of receiver says of itself.

    Attributes:
        KIND: names the kind; a key of ``delivery.registry``.
        IS_LINK: whether it has a lasting link, which comes back and reports its problems by itself.
    """

    KIND: ClassVar[str]
    IS_LINK: ClassVar[bool]

    @property
    def id(self) -> str:
        """Stable identifier among all receivers."""

    @property
    def source_id(self) -> str:
        """The one source whose events it gets; empty for a receiver of several."""

    @property
    def url(self) -> str:
        """Its address; may hold secrets."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def endpoint(self) -> Hashable:
        """Where and how it is reached: equal as long as another attempt would go to the same place in the same way."""

    @property
    def timeout_s(self) -> float:
        """Bound on one whole attempt, > 0 s."""

    @property
    def max_attempts(self) -> int:
        """How often one event may be sent that the receiver may have taken, ≥ 1."""

    @property
    def max_age_s(self) -> float:
        """How old an event may be when it is sent, > 0 s."""

    @property
    def idempotent(self) -> bool:
        """Whether it drops what it is sent a second time under the same ``Idempotency-Key``."""

    def wants(self, event: Event) -> bool:
        """Return whether it is to get ``event``."""

    def secrets(self) -> frozenset[str]:
        """Return all that must be masked in what it answers."""


@dataclass(frozen=True, slots=True)
class WebhookSpec:
    """One receiver of a source's events, by webhook.

    Attributes:
        id: stable identifier.
        source_id: whose events it wants.
        url: http or https address; a secret (it may hold a token), shown by ``core.weburl.redact`` in logs.
        timeout_s, max_attempts, max_age_s, idempotent: as ``ReceiverSpec`` says.
        claps: only events of so many claps; empty for all, applause too.
        triggers: only events of these sounds and rhythms, of "clap" and "applause"; empty for the last two.
        headers: sent along; their values are secret.
        signing_secret: signs what is sent, as ``core.signing`` says; empty for no signature.
        verify_tls: whether the certificate of an https receiver is checked.
        ca_file: PEM file of the authority to trust; empty for those of the system.
        method: POST, PUT or GET; a GET has no body.
        content_type: of what ``template`` makes.
        template: makes the body, as ``claptrap.template`` says; empty for the documented JSON.
        title: what people call its source; empty for the source's id.
    """

    KIND: ClassVar[str] = "webhook"
    IS_LINK: ClassVar[bool] = False
    id: str
    source_id: str
    url: str = field(repr=False)
    timeout_s: float = 5.0
    max_attempts: int = 4
    max_age_s: float = 10.0
    claps: tuple[int, ...] = ()
    triggers: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    signing_secret: str = field(default="", repr=False)
    verify_tls: bool = True
    ca_file: str = ""
    method: str = "POST"
    content_type: str = "application/json"
    template: str = ""
    title: str = ""
    idempotent: bool = False

    @property
    def label(self) -> str:
        """What people call its source."""
        return self.title or self.source_id

    @property
    def endpoint(self) -> Hashable:
        """Address, headers and TLS."""
        return self.method, self.url, tuple(sorted(self.headers.items())), self.verify_tls, self.ca_file

    def wants(self, event: Event) -> bool:
        """Return whether it is to get ``event``."""
        return self.source_id in event.hearers and _is_wanted(event, self.claps, self.triggers)

    def secrets(self) -> frozenset[str]:
        """Return the secret parts of its address and headers."""
        given = (self.signing_secret, *self.headers.values())
        parts = [word for value in self.headers.values() for word in value.split()]  # of "Bearer TOKEN" the token alone
        whole = {secret for secret in given if len(secret) >= LONG_ENOUGH_TO_TELL}
        return secrets_of(self.url) | whole | {part for part in parts if len(part) >= LONG_ENOUGH_TO_BE_SECRET}


@dataclass(frozen=True, slots=True)
class BrokerSpec:
    """The MQTT broker at which every source's events are published.

    Attributes:
        host, port: where it is.
        version: of the protocol, "3.1.1" or "5".
        tls: whether to speak TLS.
        verify_tls: whether its certificate is checked then.
        ca_file: PEM file of the authority to trust; empty for those of the system.
        username: empty where none is needed.
        password: a secret.
        topic: the first part of every topic of ours; also distinguishes several ClapTraps at one broker.
        discovery: the first part of the topics by which Home Assistant discovers; empty for no discovery.
        language: of the names that Home Assistant shows.
        timeout_s, max_attempts, max_age_s: as ``ReceiverSpec`` says.
    """

    ID: ClassVar[str] = "mqtt"  # no webhook's: theirs have a dot
    KIND: ClassVar[str] = "mqtt"
    IS_LINK: ClassVar[bool] = True
    host: str
    port: int = 1883
    version: str = "5"
    tls: bool = False
    verify_tls: bool = True
    ca_file: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    topic: str = "claptrap"
    discovery: str = "homeassistant"
    language: Language = "fr"
    timeout_s: float = 10.0
    max_attempts: int = 1_000_000
    max_age_s: float = 10.0

    @property
    def id(self) -> str:
        """As a receiver's among all receivers."""
        return self.ID

    @property
    def source_id(self) -> str:
        """It speaks for no single source."""
        return ""

    @property
    def url(self) -> str:
        """Where it is, for people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    @property
    def label(self) -> str:
        """Where it is."""
        return self.url

    @property
    def endpoint(self) -> Hashable:
        """Address, TLS and credentials."""
        return self.url, self.version, self.verify_tls, self.ca_file, self.username, self.password

    @property
    def idempotent(self) -> bool:
        """QoS 1 is "at least once": what was not acknowledged while it was fresh is published again."""
        return True

    def wants(self, event: Event) -> bool:  # noqa: ARG002  # as a receiver's
        """Return whether it is to get ``event``: every one."""
        return True

    def secrets(self) -> frozenset[str]:
        """Return the password."""
        return frozenset({self.password} - {""})


@dataclass(frozen=True, slots=True)
class NotifySpec:
    """A service that shows a person a notification: Telegram, ntfy, e-mail and whatever else Apprise knows.

    Attributes:
        name: its id in the settings.
        address: Apprise's URL of it, a secret through and through: in ``tgram://TOKEN/CHAT`` the host is one.
        sources: whose events it wants; empty for all.
        claps: only events of so many claps; empty for all, applause too.
        triggers: only events of these sounds and rhythms, of "clap" and "applause"; empty for the last two.
        language: of what people read.
        title: what people call it; empty for its id.
        alerts: whether it also shows what is out of order.
        timeout_s, max_attempts, max_age_s: as ``ReceiverSpec`` says.
    """

    KIND: ClassVar[str] = "notify"
    IS_LINK: ClassVar[bool] = False
    name: str
    address: str = field(repr=False)
    sources: tuple[str, ...] = ()
    claps: tuple[int, ...] = ()
    language: Language = "fr"
    title: str = ""
    triggers: tuple[str, ...] = ()
    alerts: bool = False
    timeout_s: float = 15.0
    max_attempts: int = 4
    max_age_s: float = 900.0

    @staticmethod
    def id_of(name: str) -> str:
        """Return the id among all receivers; no source's or webhook's has a colon."""
        return f"notify:{name}"

    @property
    def id(self) -> str:
        """As a receiver's among all receivers."""
        return self.id_of(self.name)

    @property
    def source_id(self) -> str:
        """It speaks for no single source."""
        return ""

    @property
    def url(self) -> str:
        """Which service it is, for people."""
        return f"{self.address.partition('://')[0].lower()}://…"

    @property
    def label(self) -> str:
        """What people call it."""
        return self.title or self.name

    @property
    def endpoint(self) -> Hashable:
        """Apprise's address."""
        return self.address

    @property
    def idempotent(self) -> bool:
        """No service drops copies: a notification that may have been shown is not sent again."""
        return False

    def wants(self, event: Event) -> bool:
        """Return whether it is to get ``event``."""
        is_heard_there = not self.sources or not set(event.hearers).isdisjoint(self.sources)
        return is_heard_there and _is_wanted(event, self.claps, self.triggers)

    def secrets(self) -> frozenset[str]:
        """Return the whole address."""
        return frozenset({self.address})


def _is_wanted(event: Event, claps: tuple[int, ...], triggers: tuple[str, ...]) -> bool:
    """Return whether an event is of ``triggers``; claps, meant where none are named, of so many ``claps``, if any."""
    if event.trigger:
        return event.trigger in triggers
    if event.applause and "applause" in triggers:
        return True
    if triggers and "clap" not in triggers:
        return False
    return not claps or (not event.applause and event.claps in claps)
