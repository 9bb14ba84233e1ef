"""The kinds of source: one line each says how a spec becomes the object that gives its sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from claptrap.core.errors import SourceError
from claptrap.core.spec import (
    BrowserInput,
    FileInput,
    MicrophoneInput,
    RtspInput,
    SatelliteInput,
    SourceInput,
    SourceSpec,
    VbanInput,
    WyomingInput,
)
from claptrap.sources.base import Sink, Source
from claptrap.sources.browser import CODES as BROWSER_CODES
from claptrap.sources.feeds import FedSource, Feeds
from claptrap.sources.file import FileSource
from claptrap.sources.microphone import MicrophoneSource
from claptrap.sources.rtsp import RtspSource
from claptrap.sources.satellite import CODES as SATELLITE_CODES
from claptrap.sources.vban import VbanSource
from claptrap.sources.vban_ports import VbanPorts
from claptrap.sources.wyoming import WyomingSource

Input = TypeVar("Input", bound=SourceInput)


class Sources:
    """Makes sources, and owns what several of them share.

    Attributes:
        vban: the UDP ports on which VBAN arrives.
        feeds: what browsers and satellites send.
        explain: returns why a source failed, of its input and its error: what runs beside ClapTrap may know better.
    """

    def __init__(self) -> None:
        self.vban = VbanPorts()
        self.feeds = Feeds()
        self.explain: Callable[[SourceInput, SourceError], SourceError] = lambda _wanted, error: error

    def build(self, spec: SourceSpec) -> Source:
        """Return the source that ``spec`` describes; nothing is opened yet.

        Raises:
            KeyError: no line of ``KINDS`` has its kind.
        """
        return _Explained(_BY_NAME[spec.kind].build(spec.input, spec.id, self), spec.input, self)

    def stop(self) -> None:
        """Release what is shared, after all sources have ended."""
        self.vban.stop()


@dataclass(frozen=True, slots=True)
class _Explained:
    """A source whose errors are explained by ``Sources.explain``."""

    source: Source
    wanted: SourceInput
    shared: Sources

    def run(self, sink: Sink) -> None:
        try:
            self.source.run(sink)
        except SourceError as error:
            if (cause := self.shared.explain(self.wanted, error)) is error:
                raise
            raise cause from error


@dataclass(frozen=True, slots=True)
class SourceKind(Generic[Input]):
    """One kind of source.

    Attributes:
        input: its class in ``core.spec``.
        build: makes the source, of the input, the source's id and what sources share.
    """

    input: type[Input]
    build: Callable[[Input, str, Sources], Source]


KINDS: tuple[SourceKind[Any], ...] = (
    SourceKind(MicrophoneInput, lambda wanted, _id, _shared: MicrophoneSource(wanted.device, wanted.channel)),
    SourceKind(FileInput, lambda wanted, _id, _shared: FileSource(wanted.path, loop=wanted.loop)),
    SourceKind(VbanInput, lambda wanted, _id, shared: VbanSource(wanted, shared.vban)),
    SourceKind(RtspInput, lambda wanted, _id, _shared: RtspSource(wanted)),
    SourceKind(BrowserInput, lambda _wanted, source_id, shared: FedSource(source_id, shared.feeds, BROWSER_CODES)),
    SourceKind(SatelliteInput, lambda _wanted, source_id, shared: FedSource(source_id, shared.feeds, SATELLITE_CODES)),
    SourceKind(WyomingInput, lambda wanted, _id, _shared: WyomingSource(wanted.uri)),
)
_BY_NAME = {kind.input.KIND: kind for kind in KINDS}
