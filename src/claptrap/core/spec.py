"""What is wanted of sources: frozen plain data with a lossless JSON form. Receivers: ``receivers``.

A worker receives the whole desired state at once (``Worker.apply(specs, revision)``); a spec carries everything that a
machine must know to hear one source, and nothing about receivers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar, Literal

from claptrap.core.triggers import RhythmSpec, SoundSpec

Language = Literal["fr", "en"]
MAX_SOURCES = 1000  # of one ClapTrap; a process hears as many as its machine allows


@dataclass(frozen=True, slots=True)
class SourceInput:
    """Where a source's sound comes from. One subclass a kind; what others ask of a kind is a property here, never its type.

    Attributes:
        KIND: names the kind in settings, the API and events.
        SENT_BY_PAGE: whether the page ``/micro`` of a browser sends the sound.
        IS_MOVABLE: whether any machine of a cluster can hear it, and not only the one that it comes to.
    """

    KIND: ClassVar[str]
    SENT_BY_PAGE: ClassVar[bool] = False
    IS_MOVABLE: ClassVar[bool] = False

    @property
    def microphone(self) -> str | None:
        """The microphone of this machine that is recorded, empty for the default; None for a kind that records none."""
        return None

    @property
    def heard_channel(self) -> str:
        """Which channel of its frames is heard, as for ``audio.channels``."""
        return "mean"

    @property
    def udp_port(self) -> int | None:
        """The UDP port of this machine that the sound is sent to; None where nothing is sent here unasked."""
        return None

    @property
    def server(self) -> str:
        """The address of the server that the sound is asked of, without credentials; empty where there is none."""
        return ""

    @property
    def verifies_tls(self) -> bool:
        """Whether that server must prove who it is."""
        return True


@dataclass(frozen=True, slots=True)
class MicrophoneInput(SourceInput):
    """A microphone of this machine.

    Attributes:
        device: which, as ``GET /api/devices`` calls its ``id``, or its name; empty for the system's default.
        channel: which of its channels is heard: ``auto`` (their mean, or the loudest where the mean cancels them out),
            ``mean``, ``loudest``, or a channel's number from ``1`` on.
    """

    KIND: ClassVar[str] = "microphone"
    device: str = ""
    channel: str = "auto"

    @property
    def heard_channel(self) -> str:
        """The one that was chosen."""
        return self.channel

    @property
    def microphone(self) -> str | None:
        """The one that is recorded."""
        return self.device


@dataclass(frozen=True, slots=True)
class FileInput(SourceInput):
    """A recording played in real time, for demonstration and tests.

    Attributes:
        path: the file, in any format that FFmpeg decodes.
        loop: play again when it ends.
        channel: which of its channels is heard, as for a microphone.
    """

    KIND: ClassVar[str] = "file"
    IS_MOVABLE: ClassVar[bool] = True  # where its folder is shared
    path: str
    loop: bool = False
    channel: str = "auto"

    @property
    def heard_channel(self) -> str:
        """The one that was chosen."""
        return self.channel


@dataclass(frozen=True, slots=True)
class VbanInput(SourceInput):
    """A VBAN stream that another machine sends to this one.

    Attributes:
        host: the sender's IPv4 address; with the name it is what selects the stream.
        stream: the stream's name as ``core.vbanname`` writes it; empty for a stream without a name.
        port: the UDP port it is sent to.
        channel: ``auto``, ``mean``, ``loudest``, or a channel's number from ``1`` on, as for a microphone.
    """

    KIND: ClassVar[str] = "vban"
    host: str
    stream: str
    port: int = 6980
    channel: str = "auto"

    @property
    def heard_channel(self) -> str:
        """The one that was chosen."""
        return self.channel

    @property
    def udp_port(self) -> int | None:
        """The port it is sent to."""
        return self.port


@dataclass(frozen=True, slots=True)
class RtspInput(SourceInput):
    """The sound of a network camera, or of anything else that speaks RTSP.

    Attributes:
        url: rtsp or rtsps address without credentials.
        transport: how the sound comes: "tcp" (inside the connection) or "udp".
        track: which of its audio tracks, from 1.
        username: empty where none is needed.
        password: a secret.
        verify_tls: whether an rtsps server must prove who it is.
        channel: ``auto``, ``mean``, ``loudest``, or a channel's number from ``1`` on, as for a microphone.
    """

    KIND: ClassVar[str] = "rtsp"
    IS_MOVABLE: ClassVar[bool] = True
    url: str = field(repr=False)  # where a person types it, it may hold a secret
    transport: str = "tcp"
    track: int = 1
    username: str = ""
    password: str = field(default="", repr=False)
    verify_tls: bool = True
    channel: str = "auto"

    @property
    def heard_channel(self) -> str:
        """The one that was chosen."""
        return self.channel

    @property
    def server(self) -> str:
        """The camera's or server's address."""
        return self.url

    @property
    def verifies_tls(self) -> bool:
        """Whether an rtsps server must prove who it is."""
        return self.verify_tls


@dataclass(frozen=True, slots=True)
class BrowserInput(SourceInput):
    """The microphone of a phone or laptop whose browser shows the page ``/micro``; it says whose source it is by the id."""

    KIND: ClassVar[str] = "browser"
    SENT_BY_PAGE: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class SatelliteInput(SourceInput):
    """A voice satellite that uses ClapTrap as its wake-word service (Wyoming protocol).

    Attributes:
        address: the IP address that it connects from.
        number: which of the satellites that connect from there at the same time, from 1.
    """

    KIND: ClassVar[str] = "satellite"
    address: str
    number: int = 1


@dataclass(frozen=True, slots=True)
class WyomingInput(SourceInput):
    """A microphone or satellite that waits for ClapTrap to connect (Wyoming protocol).

    Attributes:
        uri: ``tcp://HOST:PORT``.
        channel: which of its channels is heard, as for a microphone.
    """

    KIND: ClassVar[str] = "wyoming"
    IS_MOVABLE: ClassVar[bool] = True
    uri: str
    channel: str = "auto"

    @property
    def heard_channel(self) -> str:
        """The one that was chosen."""
        return self.channel


INPUTS: dict[str, type[SourceInput]] = {
    kind.KIND: kind
    for kind in (MicrophoneInput, FileInput, VbanInput, RtspInput, BrowserInput, SatelliteInput, WyomingInput)
}


class Hears(StrEnum):
    """Which of the two a source reacts to."""

    CLAPS = "claps"
    APPLAUSE = "applause"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class PatternSpec:
    """How many claps in a row a source reacts to. The default is any clap, sent at once.

    Attributes:
        claps: how many, 1…4.
        at_least: whether more are as good; otherwise exactly so many, which is only known when no more have followed.
        min_gap_s: a clap sooner after the last one is not counted, ≥ 0 s.
        max_gap_s: a clap later after the last one begins a new row, > ``min_gap_s``.
    """

    claps: int = 1
    at_least: bool = True
    min_gap_s: float = 0.1
    max_gap_s: float = 0.7


_LISTS = ("patterns", "sounds", "rhythms")  # of a spec, whose entries are data themselves


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source of sound and how it is judged.

    Attributes:
        id: stable identifier, [a-z0-9-]{1,64}; part of every event id.
        name: what people call it.
        input: where the sound comes from; its type is the source's kind.
        enabled: whether it should be heard.
        threshold: least score of a clap, 0…1.
        delay_s: least time between two detections, > 0 s.
        patterns: the rows of claps it reacts to, any of them.
        hears: claps, applause or both.
        sounds, rhythms: what else it reacts to, each by detections of its own.
        clips: whether the sound around detections is kept.
        pin: the node that hears it, in a cluster; None for any where it is movable, else for the server itself.
        example_clips: whether the sound of what may be a clap, and of examples, is kept.
        profile: what it has learnt of its place, as ``detect.profile.serialized`` writes it; empty for nothing.
        calibrating: whether a person is giving claps and noises now, so that every sound is examined.
        teaching: whether a person is teaching it a sound now, so that every window of its sound is published.
        references: ids of sources; what is in one of them too does not count.
        epoch_prefix: what the names of its streams begin with: in a cluster, the placement by which a node hears it.
    """

    id: str
    name: str
    input: SourceInput
    enabled: bool = True
    threshold: float = 0.5
    delay_s: float = 0.5
    patterns: tuple[PatternSpec, ...] = (PatternSpec(),)
    hears: Hears = Hears.BOTH
    sounds: tuple[SoundSpec, ...] = ()
    rhythms: tuple[RhythmSpec, ...] = ()
    clips: bool = False
    example_clips: bool = False
    pin: str | None = None
    profile: str = field(default="", repr=False)
    calibrating: bool = False
    teaching: bool = False
    references: tuple[str, ...] = ()
    epoch_prefix: str = ""

    @property
    def kind(self) -> str:
        """The source's kind: a key of ``INPUTS``."""
        return self.input.KIND

    def trigger_name(self, trigger: str) -> str:
        """Return what people call one of its sounds or rhythms; empty for none of them."""
        names = {one.id: one.name for one in self.sounds} | {one.id: one.name for one in self.rhythms}
        return names.get(trigger, "")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; ``from_json`` gives back an equal spec."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("input", *_LISTS)}
        lists = {name: [asdict(entry) for entry in getattr(self, name)] for name in _LISTS}
        return {**plain, **lists, "hears": self.hears.value, "kind": self.kind, "input": asdict(self.input)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SourceSpec:
        """Rebuild a spec. Raises KeyError or TypeError on a document that ``to_json`` did not write."""
        rest = {k: v for k, v in data.items() if k not in ("kind", "input", *_LISTS, "hears", "references")}
        return cls(
            **rest,
            input=INPUTS[data["kind"]](**data["input"]),
            patterns=tuple(PatternSpec(**pattern) for pattern in data["patterns"]),
            sounds=tuple(
                SoundSpec(**{**one, **{key: tuple(one.get(key, ())) for key in ("labels", "examples")}})
                for one in data["sounds"]
            ),
            rhythms=tuple(RhythmSpec(**{**one, "intervals": tuple(one["intervals"])}) for one in data["rhythms"]),
            references=tuple(data.get("references", ())),
            hears=Hears(data["hears"]),
        )
