"""The settings document: what may be in it, and what is wrong with one that may not.

The document is checked whole; every fault is told with its path and reason, never only the first
(after Mopidy's ``config/schemas.py``, which answers with result and errors together).

Secrets are write-only: ``model_dump`` shows ``MASK`` in their place unless it is told otherwise (``whole``), so a face that
forgets about them cannot give them away; and ``merged`` takes a value that was shown masked as "as it was". Only where the
address stays at the same place, though: else whoever may change an address could have the secret sent to themselves.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializationInfo,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from claptrap.core.errors import InputError, SettingsError
from claptrap.core.signing import signing_key
from claptrap.core.spec import (
    INPUTS,
    BrokerSpec,
    BrowserInput,
    FileInput,
    Hears,
    MicrophoneInput,
    NotifySpec,
    PatternSpec,
    ReceiverSpec,
    RtspInput,
    SourceInput,
    SourceSpec,
    VbanInput,
    WebhookSpec,
)
from claptrap.core.template import MOST_CHARACTERS, SAMPLES, BadTemplateError, is_json, render
from claptrap.core.vbanname import check_name
from claptrap.core.weburl import MASK, check_rtsp_url, check_url, masked, place_of, take_credentials
from claptrap.settings.hints import near_key, near_value, quoted
from claptrap.settings.migrate import NEWEST

VBAN_CHANNELS = 64
MOST_FAULTS = 200  # that are told of one document: nobody reads more, and each takes a moment to word


@dataclass(frozen=True, slots=True)
class DocumentFault:
    """One thing wrong with a document.

    Attributes:
        path: where, dotted; list entries by their id where they have one, e.g. ``sources.microphone.threshold``.
        code: why, a key of ``text.catalogue``.
        params: values for that sentence.
        value: what is there, as JSON; empty where it is absent, large, or may be a secret.
    """

    path: str
    code: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    value: str = ""


class SettingsFaults(SettingsError):  # noqa: N818  # it is the list of faults, and already below …Error
    """The document is not valid; ``faults`` has every reason, up to ``MOST_FAULTS``."""

    def __init__(self, faults: Sequence[DocumentFault]) -> None:
        super().__init__("settings.invalid_document", count=len(faults), first=faults[0].path or "document")
        self.faults = tuple(faults)


def _web_address(url: str) -> str:
    """An empty address means none yet; anything else must be one."""
    return _address(url, check_url) if url else url


def _rtsp_address(url: str) -> str:
    return _address(url, check_rtsp_url)


def _address(url: str, check_address: Callable[[str], None]) -> str:
    try:
        check_address(url)
    except InputError as error:
        raise PydanticCustomError("claptrap", "{code}", {"code": error.code, "params": error.params}) from error
    return url


def _ipv4(host: str) -> str:
    """A VBAN stream is selected by its sender's address, in its one usual form."""
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError as error:
        raise PydanticCustomError("claptrap", "{code}", {"code": "vban.bad_host", "params": {}}) from error


def _stream_name(name: str) -> str:
    try:
        check_name(name)
    except InputError as error:
        raise PydanticCustomError("claptrap", "{code}", {"code": error.code, "params": error.params}) from error
    return name


def _channel(channel: str) -> str:
    if channel in ("mean", "loudest") or (channel.isascii() and channel.isdecimal() and 1 <= int(channel) <= VBAN_CHANNELS):
        return str(int(channel)) if channel.isdecimal() else channel
    params = {"bound": f"'mean', 'loudest', '1'…'{VBAN_CHANNELS}'"}
    raise PydanticCustomError("claptrap", "{code}", {"code": "settings.not_one_of", "params": params})


# -- secrets ----------------------------------------------------------------------------------------------------------------

_WHOLE = {"secrets": "shown"}


def _hide(secret: str, info: SerializationInfo) -> str:
    return secret if info.context == _WHOLE or not secret else MASK


def _hide_in_address(url: str, info: SerializationInfo) -> str:
    return url if info.context == _WHOLE else masked(url)


def _no_mask(secret: str) -> str:
    """Refuse the mask as a secret: it comes from where secrets are hidden, and nothing is known that it could stand for."""
    if secret == MASK:
        raise PydanticCustomError("claptrap", "{code}", {"code": "settings.masked", "params": {}})
    return secret


class _Left(Enum):
    """In a document, in place of a secret that ``merged`` has left at the place it was given for."""

    BEHIND = "left behind"


def _not_left(secret: object) -> object:
    if secret is _Left.BEHIND:
        raise PydanticCustomError("claptrap", "{code}", {"code": "settings.secret_elsewhere", "params": {}})
    return secret


Secret = Annotated[
    str, Field(max_length=500, repr=False), BeforeValidator(_not_left), AfterValidator(_no_mask), PlainSerializer(_hide)
]
RtspAddress = Annotated[
    str, Field(max_length=2048, repr=False), AfterValidator(_rtsp_address), PlainSerializer(_hide_in_address)
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)

    def whole(self) -> dict[str, Any]:
        """Return JSON data with the secrets in it: for the file and for those who use them, never for a face."""
        return self.model_dump(mode="json", context=_WHOLE)


def _check_unique(ids: Sequence[str], code: str) -> None:
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise PydanticCustomError("claptrap", "{code}", {"code": code, "params": {"id": twice[0]}})


HEADER = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$"  # RFC 9110 §5.6.2
_OUR_HEADERS = frozenset(
    {
        *("connection", "content-length", "content-type", "host", "idempotency-key", "keep-alive", "te", "trailer"),
        *("transfer-encoding", "upgrade", "webhook-id", "webhook-signature", "webhook-timestamp"),
    }
)


def _header_value(value: str) -> str:
    if any(not " " <= char <= "~" for char in value) or value != value.strip():
        raise PydanticCustomError("claptrap", "{code}", {"code": "settings.bad_header_value", "params": {}})
    return value


def _headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name in headers:
        if not re.fullmatch(HEADER, name):
            raise PydanticCustomError("claptrap", "{code}", {"code": "settings.bad_header", "params": {"name": name[:100]}})
        if name.lower() in _OUR_HEADERS:
            raise PydanticCustomError("claptrap", "{code}", {"code": "settings.our_header", "params": {"name": name}})
    return headers


def _without_nulls(headers: Any) -> Any:  # whatever a document may hold
    """A header that is null is taken away (RFC 7396)."""
    return {k: v for k, v in headers.items() if v is not None} if isinstance(headers, Mapping) else headers


def _signing_secret(secret: str) -> str:
    try:
        signing_key(secret)
    except ValueError as error:
        raise PydanticCustomError("claptrap", "{code}", {"code": "settings.bad_signing_secret", "params": {}}) from error
    return secret


def _content_type(text: str) -> str:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+( *; *[!-~]+)*", text):  # RFC 9110 §8.3.1
        raise PydanticCustomError("claptrap", "{code}", {"code": "settings.bad_content_type", "params": {}})
    return text


def _template(text: str, info: ValidationInfo) -> str:
    """Try a template on every kind of event, so that what is wrong with it is found now and not at the first clap."""
    try:
        made = [render(text, sample) for sample in SAMPLES] if text else []
    except BadTemplateError as error:
        params = {"reason": str(error)}
        raise PydanticCustomError("claptrap", "{code}", {"code": "settings.bad_template", "params": params}) from error
    if text and info.data.get("method") == "GET":
        raise PydanticCustomError("claptrap", "{code}", {"code": "settings.template_of_get", "params": {}})
    if info.data.get("content_type", "").partition(";")[0].strip().endswith("json") and not all(map(is_json, made)):
        raise PydanticCustomError(
            "claptrap", "{code}", {"code": "settings.template_not_json", "params": {"made": made[0][:200]}}
        )
    return text


HeaderValue = Annotated[
    str,
    Field(max_length=2000),
    BeforeValidator(_not_left),
    AfterValidator(_no_mask),
    AfterValidator(_header_value),
    PlainSerializer(_hide),
]
Headers = Annotated[dict[str, HeaderValue], Field(max_length=32), BeforeValidator(_without_nulls), AfterValidator(_headers)]


class WebhookSettings(_Part):
    """Where a source's detections are posted."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="stable identifier within the source")
    enabled: bool = True
    url: Annotated[str, Field(max_length=2048), AfterValidator(_web_address)] = Field(
        default="", repr=False, description="http(s); it may hold a token"
    )
    timeout_s: float = Field(default=5.0, gt=0, le=60, description="bound on one whole attempt")
    max_attempts: int = Field(default=4, ge=1, le=10, description="attempts for one detection")
    max_age_s: float = Field(default=3600.0, gt=0, le=604_800, description="how long a detection may wait for it")
    claps: list[Annotated[int, Field(ge=1, le=4)]] = Field(
        default=[], max_length=4, description="only detections of so many claps; empty for all, applause too"
    )
    headers: Headers = Field(default={}, repr=False, description="sent along; values are write-only")
    signing_secret: Annotated[Secret, AfterValidator(_signing_secret)] = Field(
        default="", description="signs what is sent (Standard Webhooks); write-only"
    )
    verify_tls: bool = Field(default=True, description="refuse an https receiver that cannot prove who it is")
    ca_file: str = Field(
        default="", max_length=4096, description="PEM file of the authority to trust instead of the system's"
    )
    method: Literal["POST", "PUT", "GET"] = Field(default="POST", description="a GET has no body")
    content_type: Annotated[str, Field(max_length=200), AfterValidator(_content_type)] = Field(
        default="application/json", description="of what the template makes"
    )
    template: Annotated[str, Field(max_length=MOST_CHARACTERS), AfterValidator(_template)] = Field(
        default="", validate_default=True, description="makes the body (docs/webhooks.md); empty for the documented JSON"
    )

    def to_target(self, source_id: str, source_name: str) -> WebhookSpec:
        """Return the core's form."""
        given = {name: value for name, value in self.whole().items() if name not in ("id", "enabled", "claps")}
        return WebhookSpec(target_id(source_id, self.id), source_id, claps=tuple(self.claps), title=source_name, **given)


class PatternSettings(_Part):
    """A row of claps to react to; by default any clap, told at once."""

    claps: int = Field(default=1, ge=1, le=4, description="how many")
    at_least: bool = Field(default=True, description="whether more are as good; otherwise exactly so many")
    min_gap_s: float = Field(default=0.1, ge=0, le=2, description="a clap sooner after the last one is not counted")
    max_gap_s: float = Field(
        default=0.7, gt=0, le=5, validate_default=True, description="a clap later after the last one begins a new row"
    )

    @field_validator("max_gap_s")
    @classmethod
    def _gaps_in_order(cls, max_gap_s: float, info: ValidationInfo) -> float:
        bound = info.data.get("min_gap_s", 0.0)  # absent where it is at fault itself
        if max_gap_s <= bound:
            raise PydanticCustomError("claptrap", "{code}", {"code": "settings.greater_than", "params": {"bound": bound}})
        return max_gap_s


def wire_name(name: str) -> str:
    """Return how descriptions of the API call a model of this name: an entry of ``sources`` is a source there."""
    return name.replace("Entry", "Source")


class _SourceEntry(_Part):
    model_config = ConfigDict(model_title_generator=lambda model: wire_name(model.__name__))

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="stable identifier")
    name: str = Field(min_length=1, max_length=200)
    enabled: bool = True
    threshold: float = Field(default=0.5, ge=0, le=1, description="least score of a clap")
    delay_s: float = Field(default=0.5, gt=0, le=3600, description="least time between two detections")
    patterns: list[PatternSettings] = Field(
        default=[PatternSettings()], min_length=1, max_length=4, description="any of them makes a detection"
    )
    hears: Literal["claps", "applause", "both"] = "both"
    clips: bool = Field(default=False, description="keep the sound around each detection, 2.5 s or little more")
    webhooks: list[WebhookSettings] = Field(default=[WebhookSettings(id="webhook")], max_length=16)

    @field_validator("webhooks")
    @classmethod
    def _webhook_ids_are_unique(cls, webhooks: list[WebhookSettings]) -> list[WebhookSettings]:
        _check_unique([webhook.id for webhook in webhooks], "settings.duplicate_webhook")
        return webhooks


class MicrophoneSettings(_Part):
    """A microphone of this machine."""

    device: str = Field(default="", max_length=500, description="name as listed; empty for the system's default")


class FileSettings(_Part):
    """A recording played in real time."""

    path: str = Field(min_length=1, max_length=4096)
    loop: bool = False


class VbanSettings(_Part):
    """A VBAN stream that another machine sends here."""

    host: Annotated[str, Field(max_length=64), AfterValidator(_ipv4)] = Field(description="the sender's IPv4 address")
    stream: Annotated[str, Field(max_length=64), AfterValidator(_stream_name)] = Field(description="its name, as listed")
    port: int = Field(default=6980, ge=1, le=65535, description="UDP port it is sent to")
    channel: Annotated[str, Field(max_length=8), AfterValidator(_channel)] = Field(
        default="mean", description="mean, loudest, or a number from 1"
    )


class RtspSettings(_Part):
    """The sound of a network camera. Credentials that are typed into the address are moved to their own fields."""

    url: RtspAddress = Field(description="rtsp:// or rtsps://")
    transport: Literal["tcp", "udp"] = Field(default="tcp", description="udp only where tcp does not work")
    track: int = Field(default=1, ge=1, le=100, description="which of several audio tracks, from 1")
    username: str = Field(default="", max_length=500)
    password: Secret = Field(default="", description="write-only")
    verify_tls: bool = Field(default=True, description="refuse an rtsps server that cannot prove who it is")

    @model_validator(mode="before")
    @classmethod
    def _credentials_apart(cls, data: Any) -> Any:  # whatever a document may hold
        url = data.get("url") if isinstance(data, Mapping) else None
        if not isinstance(url, str):
            return data
        try:
            check_rtsp_url(url)
        except InputError:
            return data  # told with its own path below
        url, username, password = take_credentials(url)
        found = {"username": username, "password": password}
        return {**data, "url": url, **{key: value for key, value in found.items() if value is not None}}


class MicrophoneEntry(_SourceEntry):
    """A source that is a microphone."""

    kind: Literal["microphone"]
    input: MicrophoneSettings = MicrophoneSettings()

    def to_input(self) -> SourceInput:
        """Return the core's form of the input."""
        return MicrophoneInput(device=self.input.device)


class FileEntry(_SourceEntry):
    """A source that is a recording."""

    kind: Literal["file"]
    input: FileSettings

    def to_input(self) -> SourceInput:
        """Return the core's form of the input."""
        return FileInput(path=self.input.path, loop=self.input.loop)


class VbanEntry(_SourceEntry):
    """A source that is a VBAN stream."""

    kind: Literal["vban"]
    input: VbanSettings

    def to_input(self) -> SourceInput:
        """Return the core's form of the input."""
        return VbanInput(self.input.host, self.input.stream, self.input.port, self.input.channel)


class RtspEntry(_SourceEntry):
    """A source that is an RTSP stream."""

    kind: Literal["rtsp"]
    input: RtspSettings

    def to_input(self) -> SourceInput:
        """Return the core's form of the input."""
        return RtspInput(**self.input.whole())


class BrowserSettings(_Part):
    """The microphone of whoever opens the page ``/micro``: there is nothing to choose."""


class BrowserEntry(_SourceEntry):
    """A source that is a browser on a phone or laptop."""

    kind: Literal["browser"]
    input: BrowserSettings = BrowserSettings()

    def to_input(self) -> SourceInput:
        """Return the core's form of the input."""
        return BrowserInput()


AnySource = Annotated[MicrophoneEntry | FileEntry | RtspEntry | VbanEntry | BrowserEntry, Field(discriminator="kind")]


def _first_sources() -> list[AnySource]:
    return [MicrophoneEntry(id="microphone", kind="microphone", name="Microphone")]


class HistorySettings(_Part):
    """What is kept of what was heard."""

    keep_days: int = Field(default=365, ge=1, le=36_500, description="then it is forgotten")


class ClipSettings(_Part):
    """How much of the sound around detections is kept, of all sources together; then the oldest goes."""

    keep_days: int = Field(default=7, ge=1, le=3650)
    keep_mb: int = Field(default=500, ge=1, le=10_000)


def _topic_part(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise PydanticCustomError("claptrap", "{code}", {"code": "settings.bad_topic", "params": {}})
    return text


class MqttSettings(_Part):
    """The MQTT broker that is told of everything, and through which Home Assistant finds every source."""

    enabled: bool = False
    host: str = Field(default="", max_length=255, validate_default=True, description="name or address of the broker")
    port: int = Field(default=1883, ge=1, le=65535, description="usually 8883 with TLS")
    version: Literal["3.1.1", "5"] = "5"
    tls: bool = False
    verify_tls: bool = Field(default=True, description="refuse a broker that cannot prove who it is")
    ca_file: str = Field(
        default="", max_length=4096, description="PEM file of the authority to trust instead of the system's"
    )
    username: str = Field(default="", max_length=500)
    password: Secret = Field(default="", description="write-only")
    topic: Annotated[str, Field(min_length=1), AfterValidator(_topic_part)] = Field(
        default="claptrap", description="first part of every topic; tells several ClapTraps apart"
    )
    discovery: Annotated[str, AfterValidator(_topic_part)] = Field(
        default="homeassistant", description="Home Assistant's discovery prefix; empty for no discovery"
    )

    @field_validator("host")
    @classmethod
    def _host_is_there(cls, host: str, info: ValidationInfo) -> str:
        if info.data.get("enabled") and not host.strip():
            raise PydanticCustomError("claptrap", "{code}", {"code": "settings.empty", "params": {}})
        return host


def _notify_address(url: str) -> str:
    """Look only for the shape: which addresses Apprise knows, ``service.notifying`` says."""
    if url and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S*", url):
        raise PydanticCustomError("claptrap", "{code}", {"code": "notify.bad_address", "params": {}})
    return url


class NotifySettings(_Part):
    """A service that shows people notifications, by Apprise."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="stable identifier")
    name: str = Field(default="", max_length=200, description="for people; empty for the id")
    enabled: bool = True
    url: Annotated[
        str,
        Field(max_length=2048, repr=False),
        AfterValidator(_no_mask),
        AfterValidator(_notify_address),
        PlainSerializer(_hide),
    ] = Field(default="", description="Apprise's address of the service; write-only")
    sources: list[Annotated[str, Field(max_length=64)]] = Field(
        default=[], max_length=256, description="ids of the sources it is told of; empty for all"
    )
    claps: list[Annotated[int, Field(ge=1, le=4)]] = Field(
        default=[], max_length=4, description="only detections of so many claps; empty for all, applause too"
    )


class Settings(_Part):
    """The whole document, version 2; ``migrate`` knows the older ones."""

    version: Literal[2] = NEWEST
    language: Literal["fr", "en"] = "fr"
    welcomed: bool = Field(default=False, description="whether somebody has been through the first minute, or left it out")
    sources: list[AnySource] = Field(default_factory=_first_sources, max_length=256)
    history: HistorySettings = HistorySettings()
    clips: ClipSettings = ClipSettings()
    mqtt: MqttSettings = MqttSettings()
    notify: list[NotifySettings] = Field(default=[], max_length=32, description="services that show notifications")

    @field_validator("notify")
    @classmethod
    def _notify_ids_are_unique(cls, notify: list[NotifySettings]) -> list[NotifySettings]:
        _check_unique([one.id for one in notify], "settings.duplicate_notify")
        return notify

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        _check_unique([source.id for source in self.sources], "settings.duplicate_id")
        return self

    def specs(self) -> tuple[SourceSpec, ...]:
        """Return what a worker must hear."""
        return tuple(
            SourceSpec(
                s.id,
                s.name,
                s.to_input(),
                enabled=s.enabled,
                threshold=s.threshold,
                delay_s=s.delay_s,
                patterns=tuple(PatternSpec(**pattern.whole()) for pattern in s.patterns),
                hears=Hears(s.hears),
                clips=s.clips,
            )
            for s in self.sources
        )

    def targets(self) -> tuple[WebhookSpec, ...]:
        """Return who must be told: the enabled webhooks that have an address."""
        return tuple(
            webhook.to_target(source.id, source.name)
            for source in self.sources
            for webhook in source.webhooks
            if webhook.enabled and webhook.url
        )

    def broker(self) -> BrokerSpec | None:
        """Return the broker that must be told, if any."""
        given = self.mqtt.whole()
        return BrokerSpec(**given) if given.pop("enabled") else None

    def receivers(self) -> tuple[ReceiverSpec, ...]:
        """Return all who must be told."""
        brokers = [broker for broker in (self.broker(),) if broker is not None]
        return (*self.targets(), *brokers, *self.notifications())

    def notifications(self) -> tuple[NotifySpec, ...]:
        """Return the services that must show notifications: those in use that have an address."""
        return tuple(
            NotifySpec(one.id, one.url, tuple(one.sources), tuple(one.claps), self.language, title=one.name)
            for one in self.notify
            if one.enabled and one.url
        )


def target_id(source_id: str, webhook_id: str) -> str:
    """Return the id of a source's webhook among all receivers."""
    return f"{source_id}.{webhook_id}"


def check(document: object) -> Settings:
    """Return the settings that ``document`` (plain JSON data) says.

    Raises:
        SettingsFaults: with every fault, if there is any.
    """
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise _faults(error, document) from error


def _faults(error: ValidationError, document: object) -> SettingsFaults:
    return SettingsFaults([_fault(detail, document) for detail in error.errors(include_url=False)[:MOST_FAULTS]])


def merged(current: Settings, patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``current`` with ``patch`` merged in: objects deeply, lists of objects by their ``id``, the rest replaced.

    What is given back as it was shown, masked secrets included, stays what it was. The result has the secrets in it; what
    would be sent to another place with them, a camera's password or a webhook's headers, must be given anew: ``check`` finds
    ``settings.secret_elsewhere`` where it was not.
    """
    return _merge(current.whole(), current.model_dump(mode="json"), patch)


def new_source_id(current: Settings, given: Mapping[str, Any]) -> Any:
    """Return the id of a source that is to be added: the one it has, else one made of its name or kind, which nobody has.

    Raises:
        SettingsFaults: another source has the id that it has. Whether it can be an id, ``check`` says.
    """
    taken = [source.id for source in current.sources]
    if "id" in given:
        if given["id"] in taken:
            raise SettingsFaults([DocumentFault(f"sources.{given['id']}.id", "settings.duplicate_id", {"id": given["id"]})])
        return given["id"]
    stem = _letters(given.get("name")) or _letters(given.get("kind")) or "source"
    return next(made for made in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if made not in taken)


def _letters(text: object) -> str:
    """Return the start of an id: what of ``text`` can be one, "Été à 2" → "ete-a-2"."""
    plain = unicodedata.normalize("NFKD", text) if isinstance(text, str) else ""
    bare = "".join(char for char in plain if not unicodedata.combining(char)).lower()
    return re.sub("[^a-z0-9]+", "-", bare)[:48].strip("-")


def camera(current: Settings, given: Mapping[str, Any], source_id: str = "") -> RtspInput:
    """Return what to open for ``given``, the ``input`` of an RTSP source as a person has typed it, without keeping it.

    Args:
        current: the settings in force.
        given: like ``RtspSettings``.
        source_id: a source of ``current`` that ``given`` would change: masked secrets are its; empty for a new one.

    Raises:
        SettingsFaults: with every fault.
    """
    entry = {"id": source_id or "new", "kind": "rtsp", "name": "new", "input": given}
    known = Settings(sources=[source for source in current.sources if source.id == source_id])
    wanted = check(merged(known, {"sources": [entry]})).sources[0].to_input()
    if not isinstance(wanted, RtspInput):
        raise TypeError(f"{source_id} became no camera")
    return wanted


def webhook(given: Mapping[str, Any]) -> WebhookSettings:
    """Return a webhook as a person has typed it, without keeping it.

    Raises:
        SettingsFaults: with every fault.
    """
    document = {"id": "new", **given}
    try:
        return WebhookSettings.model_validate(document)
    except ValidationError as error:
        raise _faults(error, document) from error


def leads_elsewhere(entry: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether what is sent to the address of ``entry`` would be sent to another place with that of ``other``."""
    return _moves(entry.get("url"), other.get("url")) or _moves_host(entry, other)


def _merge(base: dict[str, Any], shown: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    base = _without_secrets(base) if leads_elsewhere(base, patch) else base
    return {**base, **{key: _merge_value(base.get(key), shown.get(key), value) for key, value in patch.items()}}


def _moves(old: object, new: object) -> bool:
    """Return whether an address, ``new``, leads elsewhere than ``old``; to nowhere is no move, nothing is sent there."""
    return isinstance(old, str) and isinstance(new, str) and new not in ("", old) and place_of(new) != place_of(old)


def _moves_host(base: Mapping[str, Any], patch: Mapping[str, Any]) -> bool:
    """Return whether a broker with a password is said to be elsewhere, or to be spoken to without TLS."""
    place = ("host", "port", "tls", "verify_tls")
    is_broker = base.keys() >= {*place, "password"}
    return is_broker and bool(base["host"]) and any(patch.get(name, base[name]) != base[name] for name in place)


def _without_secrets(entry: dict[str, Any]) -> dict[str, Any]:
    """Return ``entry`` without what is sent to its address to be let in."""
    headers = {"headers": dict.fromkeys(entry["headers"], _Left.BEHIND)} if entry.get("headers") else {}
    password = {"password": _Left.BEHIND} if entry.get("password") else {}
    return {**entry, **headers, **password}


def _merge_value(old: object, shown: object, new: object) -> object:
    if isinstance(old, dict) and isinstance(shown, dict) and isinstance(new, Mapping):
        return _merge(old, shown, new)
    if _entries(old) and _entries(new):
        return _merge_entries(old, shown, new)  # type: ignore[arg-type]  # _entries has just looked
    return old if old is not None and new == shown else new


def _entries(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, Mapping) and isinstance(v.get("id"), str) for v in value)


def _merge_entries(
    old: list[dict[str, Any]], shown: list[dict[str, Any]], new: list[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    by_id = {entry["id"]: entry for entry in old}
    shown_by_id = {entry["id"]: entry for entry in shown}
    for entry in new:
        old_entry, shown_entry = by_id.get(entry["id"], {}), shown_by_id.get(entry["id"], {})
        if entry.get("kind", old_entry.get("kind")) != old_entry.get("kind"):  # another kind has another input
            old_entry = {key: value for key, value in old_entry.items() if key != "input"}
        by_id[entry["id"]] = _merge(old_entry, shown_entry, entry)
    return list(by_id.values())


# pydantic's error type → our code, and which of its context values the sentence quotes
_CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    "missing": ("settings.missing", ()),
    "greater_than": ("settings.greater_than", ("gt",)),
    "greater_than_equal": ("settings.at_least", ("ge",)),
    "less_than_equal": ("settings.at_most", ("le",)),
    "finite_number": ("settings.not_a_number", ()),
    "float_type": ("settings.not_a_number", ()),
    "int_type": ("settings.not_a_whole_number", ()),
    "int_from_float": ("settings.not_a_whole_number", ()),
    "bool_type": ("settings.not_a_switch", ()),
    "string_type": ("settings.not_a_text", ()),
    "string_unicode": ("settings.not_a_text", ()),
    "string_too_short": ("settings.empty", ()),
    "string_too_long": ("settings.too_long", ("max_length",)),
    "too_short": ("settings.too_few", ("min_length",)),
    "too_long": ("settings.too_many", ("max_length",)),
    "string_pattern_mismatch": ("settings.bad_id", ()),
    "literal_error": ("settings.not_one_of", ("expected",)),
    "union_tag_invalid": ("settings.not_one_of", ("expected_tags",)),
    "union_tag_not_found": ("settings.missing_kind", ()),
    "dict_type": ("settings.not_an_object", ()),
    "model_type": ("settings.not_an_object", ()),
    "model_attributes_type": ("settings.not_an_object", ()),
    "list_type": ("settings.not_a_list", ()),
}


def _fault(detail: ErrorDetails, document: object) -> DocumentFault:
    loc, context = detail["loc"], detail.get("ctx", {})
    path = _path(loc, document)
    if detail["type"] == "extra_forbidden":
        meant = near_key(Settings, loc[:-1], str(loc[-1]))
        code = "settings.unknown_key_near" if meant else "settings.unknown_key"
        return DocumentFault(path, code, {"near": meant} if meant else {})
    code, params = _why(detail)
    if code == "settings.not_one_of" and (meant := near_value(_given(detail, context), str(params["bound"]))):
        code, params = "settings.not_one_of_near", {**params, "near": meant}
    return DocumentFault(path, code, params, quoted(loc, _given(detail, context)))


def _given(detail: ErrorDetails, context: Mapping[str, Any]) -> object:
    """Return the value at fault; of a source of unknown kind, that kind."""
    return context.get("tag", detail["input"]) if detail["type"] != "missing" else {}


def _why(detail: ErrorDetails) -> tuple[str, Mapping[str, str | int | float]]:
    """Return our code for an error of pydantic's, and the values of its sentence."""
    context = detail.get("ctx", {})
    if detail["type"] == "claptrap":
        return str(context["code"]), context["params"]
    code, words = _CODES.get(detail["type"], ("settings.other", ()))
    if code == "settings.other":
        return code, {"reason": detail["msg"]}
    return code, {"bound": context[words[0]]} if words else {}


def _path(loc: tuple[int | str, ...], document: object) -> str:
    """Turn pydantic's location into a dotted path: entries by id, and without the union's tag behind an entry."""
    parts: list[str] = []
    place, after_entry = document, False
    for step in loc:
        if after_entry and step in INPUTS:
            after_entry = False
            continue
        after_entry = isinstance(step, int)
        place = _inside(place, step)
        parts.append(_name_of(place, step))
    return ".".join(parts)


def _inside(place: object, step: int | str) -> object:
    if isinstance(place, list) and isinstance(step, int) and step < len(place):
        return place[step]
    return place.get(step) if isinstance(place, Mapping) else None


def _name_of(place: object, step: int | str) -> str:
    if isinstance(step, int) and isinstance(place, Mapping) and isinstance(place.get("id"), str):
        return str(place["id"])
    return str(step)
