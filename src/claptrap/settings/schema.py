"""The settings document as models: what may be in it, with defaults and ranges, and what the core makes of it.

``fields`` has the single values, ``validation`` says what is wrong with a document, ``merge`` changes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from textwrap import indent
from typing import Annotated, Any, Literal, Self, cast

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from claptrap.core.errors import InputError
from claptrap.core.spec import (
    INPUTS,
    MAX_SOURCES,
    Hears,
    PatternSpec,
    SourceInput,
    SourceSpec,
)
from claptrap.core.weburl import check_rtsp_url, take_credentials
from claptrap.receivers import BrokerSpec, NotifySpec, ReceiverSpec, WebhookSpec
from claptrap.settings.fields import (
    ID,
    WITH_SECRETS,
    Channel,
    IpAddress,
    Ipv4Address,
    Name,
    NodeName,
    RtspAddress,
    Secret,
    StreamName,
    TcpAddress,
    WebAddress,
    refused,
)
from claptrap.settings.migrate import NEWEST
from claptrap.settings.receivers import MqttSettings, NotifySettings, SettingsPart, WebhookSettings, check_unique
from claptrap.settings.triggers import RESERVED, RhythmSettings, SoundSettings
from claptrap.settings.watch import AlertSettings, HeartbeatSettings
from claptrap.settings.when import SnoozedUntil, WhenSettings


class PatternSettings(SettingsPart):
    """A row of claps to react to; by default any clap, at once."""

    claps: int = Field(default=1, ge=1, le=4, description="how many")
    at_least: bool = Field(default=True, description="whether more also count; otherwise exactly this many")
    min_gap_s: float = Field(default=0.1, ge=0, le=2, description="a clap sooner after the last one is not counted")
    max_gap_s: float = Field(default=0.7, gt=0, le=5, validate_default=True, description="a later clap begins a new series")

    @field_validator("max_gap_s")
    @classmethod
    def _gaps_in_order(cls, max_gap_s: float, info: ValidationInfo) -> float:
        bound = info.data.get("min_gap_s", 0.0)  # absent where it is at fault itself
        if max_gap_s <= bound:
            raise refused("settings.greater_than", bound=bound)
        return max_gap_s


def wire_name(name: str) -> str:
    """Return how descriptions of the API call a model of this name: an entry of ``sources`` is a source there."""
    return name.replace("Entry", "Source")


class _SourceEntry(SettingsPart):
    model_config = ConfigDict(model_title_generator=lambda model: wire_name(model.__name__))

    id: str = Field(pattern=ID, description="stable identifier")
    name: Name = Field(min_length=1)
    room: Name = Field(default="", description="sources of one room stand together on the page; empty for none")
    enabled: bool = True
    armed: bool = Field(default=True, description="whether its detections act; they are listed either way")
    snoozed_until: SnoozedUntil = Field(default=0.0, description="until when they do not act, UTC Unix seconds")
    threshold: float = Field(default=0.5, ge=0, le=1, description="least score of a clap")
    delay_s: float = Field(default=0.5, gt=0, le=3600, description="least time between two detections")
    patterns: list[PatternSettings] = Field(
        default=[PatternSettings()], min_length=1, max_length=4, description="any of them makes a detection"
    )
    hears: Literal["claps", "applause", "both"] = "both"
    sounds: list[SoundSettings] = Field(default=[], max_length=16, description="sounds that make detections of their own")
    rhythms: list[RhythmSettings] = Field(
        default=[], max_length=16, description="rhythms of claps that make detections of their own"
    )
    clips: bool = Field(default=False, description="keep the sound around each detection, 2.5 s or little more")
    node: NodeName = Field(default="", description="in a cluster, the node that hears it; empty for any that can")
    example_clips: bool = Field(
        default=False, description="keep a second of sound of each example that it learns from, and of near misses"
    )
    references: list[Annotated[str, Field(pattern=ID)]] = Field(
        default=[],
        max_length=4,
        description="ids of sources (a television, a PC): what is in one of them too does not count",
    )
    webhooks: list[WebhookSettings] = Field(default=[WebhookSettings(id="webhook")], max_length=16)

    @field_validator("references")
    @classmethod
    def _references_are_others(cls, references: list[str], info: ValidationInfo) -> list[str]:
        if info.data.get("id") in references:
            raise refused("settings.own_reference")
        return references

    @model_validator(mode="after")
    def _trigger_ids_are_unique(self) -> Self:
        if self.sounds or self.rhythms:
            check_unique([*RESERVED, *(one.id for one in (*self.sounds, *self.rhythms))], "settings.duplicate_trigger")
        return self

    @field_validator("webhooks")
    @classmethod
    def _webhook_ids_are_unique(cls, webhooks: list[WebhookSettings]) -> list[WebhookSettings]:
        check_unique([webhook.id for webhook in webhooks], "settings.duplicate_webhook")
        return webhooks

    def to_input(self) -> SourceInput:
        """Return the core's form of the input: every kind's settings have the fields of its spec."""
        entry = cast("AnySource", self)
        return INPUTS[entry.kind](**dict(entry.input))

    @cached_property
    def stored(self) -> str:
        """What the settings file has of it, secrets included; made once, as ``spec``."""
        return indent(self.model_dump_json(indent=2, context=WITH_SECRETS), 4 * " ")

    @cached_property
    def spec(self) -> SourceSpec:
        """What a worker must hear; made once, for a change of one source must not cost what all of them cost."""
        return SourceSpec(
            self.id,
            self.name,
            self.to_input(),
            enabled=self.enabled,
            threshold=self.threshold,
            delay_s=self.delay_s,
            patterns=tuple(PatternSpec(**dict(pattern)) for pattern in self.patterns),
            hears=Hears(self.hears),
            sounds=tuple(one.to_spec() for one in self.sounds if one.enabled),
            rhythms=tuple(one.to_spec() for one in self.rhythms if one.enabled),
            clips=self.clips,
            pin=self.node or None,
            example_clips=self.example_clips,
            references=tuple(self.references),
        )


CHANNEL = Field(default="auto", description="auto, mean, loudest, or a number from 1")


class MicrophoneSettings(SettingsPart):
    """A microphone of this machine."""

    device: str = Field(default="", max_length=500, description="name as listed; empty for the system's default")
    channel: Channel = CHANNEL


class FileSettings(SettingsPart):
    """A recording played in real time."""

    path: str = Field(min_length=1, max_length=4096)
    loop: bool = False
    channel: Channel = CHANNEL


class VbanSettings(SettingsPart):
    """A VBAN stream that another machine sends here."""

    host: Ipv4Address = Field(description="the sender's IPv4 address")
    stream: StreamName = Field(description="its name, as listed")
    port: int = Field(default=6980, ge=1, le=65535, description="UDP port it is sent to")
    channel: Channel = CHANNEL


class RtspSettings(SettingsPart):
    """The sound of a network camera. Credentials that are typed into the address are moved to their own fields."""

    url: RtspAddress = Field(description="rtsp:// or rtsps://")
    transport: Literal["tcp", "udp"] = Field(default="tcp", description="udp only where tcp does not work")
    track: int = Field(default=1, ge=1, le=100, description="which of several audio tracks, from 1")
    username: str = Field(default="", max_length=500)
    password: Secret = Field(default="", description="write-only")
    verify_tls: bool = Field(default=True, description="verify the camera's certificate")
    channel: Channel = CHANNEL

    @model_validator(mode="before")
    @classmethod
    def _credentials_apart(cls, data: Any) -> Any:  # whatever a document may hold
        url = data.get("url") if isinstance(data, Mapping) else None
        if not isinstance(url, str):
            return data
        try:
            check_rtsp_url(url)
        except InputError:
            return data  # refused with its own path below
        url, username, password = take_credentials(url)
        found = {"username": username, "password": password}
        return {**data, "url": url, **{key: value for key, value in found.items() if value is not None}}


class MicrophoneEntry(_SourceEntry):
    """A source that is a microphone."""

    kind: Literal["microphone"]
    input: MicrophoneSettings = MicrophoneSettings()


class FileEntry(_SourceEntry):
    """A source that is a recording."""

    kind: Literal["file"]
    input: FileSettings


class VbanEntry(_SourceEntry):
    """A source that is a VBAN stream."""

    kind: Literal["vban"]
    input: VbanSettings


class RtspEntry(_SourceEntry):
    """A source that is an RTSP stream."""

    kind: Literal["rtsp"]
    input: RtspSettings


class BrowserSettings(SettingsPart):
    """The microphone of the browser that has ``/micro`` open: there is nothing to choose."""


class BrowserEntry(_SourceEntry):
    """A source that is a browser on a phone or laptop."""

    kind: Literal["browser"]
    input: BrowserSettings = BrowserSettings()


class SatelliteSettings(SettingsPart):
    """A voice satellite that uses ClapTrap as its wake-word service. It is made by itself when one connects."""

    address: IpAddress = Field(description="the IP address that it connects from")
    number: int = Field(default=1, ge=1, le=64, description="which of several that connect from there at once")


class SatelliteEntry(_SourceEntry):
    """A source that is a voice satellite."""

    kind: Literal["satellite"]
    input: SatelliteSettings


class WyomingInputSettings(SettingsPart):
    """A Wyoming microphone or satellite that ClapTrap connects to."""

    uri: TcpAddress = Field(min_length=1, description="tcp://HOST:PORT; satellites usually have port 10700")
    channel: Channel = CHANNEL


class WyomingEntry(_SourceEntry):
    """A source that is a Wyoming microphone or satellite."""

    kind: Literal["wyoming"]
    input: WyomingInputSettings


AnySource = Annotated[
    MicrophoneEntry | FileEntry | RtspEntry | VbanEntry | BrowserEntry | SatelliteEntry | WyomingEntry,
    Field(discriminator="kind"),
]


def _first_sources() -> list[AnySource]:
    return [MicrophoneEntry(id="microphone", kind="microphone", name="Microphone")]


class HistorySettings(SettingsPart):
    """What is kept of what was heard."""

    keep_days: int = Field(default=365, ge=1, le=36_500, description="then it is forgotten")


class ClipSettings(SettingsPart):
    """How much of the sound around detections is kept, of all sources together; then the oldest goes."""

    keep_days: int = Field(default=7, ge=1, le=3650)
    keep_mb: int = Field(default=500, ge=1, le=10_000)


class WyomingSettings(SettingsPart):
    """ClapTrap as a wake-word service for voice satellites and Home Assistant, by the Wyoming protocol."""

    listen: TcpAddress = Field(default="", description="address to listen on, like tcp://0.0.0.0:10400; empty for none")
    forward: TcpAddress = Field(
        default="", description="another wake-word service that gets the same sound (tcp://HOST:PORT); empty for none"
    )


class Settings(SettingsPart):
    """The whole document, version 3; ``migrate`` knows the older ones."""

    model_config = ConfigDict(defer_build=False)

    version: Literal[3] = NEWEST
    language: Literal["fr", "en"] = "fr"
    public_url: WebAddress = Field(
        default="", description="where phones reach this page, for links in notifications; empty for no links"
    )
    welcomed: bool = Field(default=False, description="whether the first-minute guide was finished or skipped")
    announce: bool = Field(default=True, description="whether it can be found in the local network (`_claptrap._tcp`)")
    sources: list[AnySource] = Field(default_factory=_first_sources, max_length=MAX_SOURCES)
    merge_rooms: bool = Field(
        default=False,
        description="whether a clap that several sources of one room hear is one detection, named after the nearest",
    )
    history: HistorySettings = HistorySettings()
    clips: ClipSettings = ClipSettings()
    mqtt: MqttSettings = MqttSettings()
    wyoming: WyomingSettings = WyomingSettings()
    when: WhenSettings = WhenSettings()
    notify: list[NotifySettings] = Field(default=[], max_length=32, description="services that show notifications")
    alerts: AlertSettings = AlertSettings()
    heartbeats: list[HeartbeatSettings] = Field(default=[], max_length=8, description="URLs called while all is well")

    @field_validator("notify")
    @classmethod
    def _notify_ids_are_unique(cls, notify: list[NotifySettings]) -> list[NotifySettings]:
        check_unique([one.id for one in notify], "settings.duplicate_notify")
        return notify

    @field_validator("heartbeats")
    @classmethod
    def _heartbeat_ids_are_unique(cls, heartbeats: list[HeartbeatSettings]) -> list[HeartbeatSettings]:
        check_unique([one.id for one in heartbeats], "settings.duplicate_heartbeat")
        return heartbeats

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        check_unique([source.id for source in self.sources], "settings.duplicate_id")
        return self

    def stored(self) -> str:
        """Return the text of the settings file, secrets included, each source's as it was made once."""
        without = self.model_copy(update={"sources": []}).model_dump_json(indent=2, context=WITH_SECRETS)
        before, name, after = without.partition('\n  "sources": []')  # the top level's: others stand further in
        sources = ",\n".join(source.stored for source in self.sources)
        return f"{before}{name[:-1]}\n{sources}\n  ]{after}\n" if sources else f"{without}\n"

    def specs(self) -> tuple[SourceSpec, ...]:
        """Return what a worker must hear."""
        return tuple(source.spec for source in self.sources)

    def targets(self) -> tuple[WebhookSpec, ...]:
        """Return the enabled webhooks that have an address."""
        return tuple(
            webhook.to_target(source.id, source.name)
            for source in self.sources
            for webhook in source.webhooks
            if webhook.enabled and webhook.url
        )

    def broker(self) -> BrokerSpec | None:
        """Return the broker to publish to, if any."""
        given = dict(self.mqtt)
        return BrokerSpec(**given, language=self.language) if given.pop("enabled") else None

    def templates(self) -> frozenset[str]:
        """Return all body templates in use."""
        return frozenset(webhook.template for source in self.sources for webhook in source.webhooks)

    def receivers(self) -> tuple[ReceiverSpec, ...]:
        """Return all receivers of detections."""
        brokers = [broker for broker in (self.broker(),) if broker is not None]
        return (*self.targets(), *brokers, *self.notifications())

    def notifications(self) -> tuple[NotifySpec, ...]:
        """Return the services that must show notifications: those in use that have an address."""
        return tuple(
            NotifySpec(
                one.id,
                one.url,
                tuple(one.sources),
                tuple(one.claps),
                self.language,
                triggers=tuple(one.triggers),
                title=one.name,
                alerts=one.alerts,
                max_age_s=one.max_age_s,
            )
            for one in self.notify
            if one.enabled and one.url
        )
