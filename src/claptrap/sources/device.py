"""A microphone as the system lists it, and which one of the list a person means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from claptrap.core.errors import SourceError
from claptrap.sources.pulse import PulseStream
from claptrap.sources.usb import Usb, split

Samples = NDArray[np.float32]
CARD = re.compile(r"\(hw:(\d+),(\d+)\)")  # ALSA numbers its cards in the order in which they were plugged in


@dataclass(frozen=True, slots=True)
class Device:
    """A microphone, or what else the system offers to record from.

    Attributes:
        name: as the system calls it.
        host_api: the system's sound interface that offers it: ALSA, Core Audio, …
        channels: most channels it can give.
        rate_hz: its own rate.
        default: whether it is the system's default.
        usb: which USB device it is; None where the system does not say, or it is none.
    """

    name: str
    host_api: str
    channels: int
    rate_hz: int
    default: bool
    usb: Usb | None = None

    @property
    def label(self) -> str:
        """Its name and who offers it."""
        return f"{self.name}, {self.host_api}"

    @property
    def id(self) -> str:
        """What to remember it by: the same after a restart or a replug, unlike its place in the list."""
        return f"{self.label}{self.usb or ''}"

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Device:
        """Return what ``dataclasses.asdict`` has made plain data of."""
        usb = written["usb"]
        return cls(**{**written, "usb": usb and Usb(**usb)})


@dataclass(frozen=True, slots=True)
class OpenMicrophone:
    """A microphone that is being recorded from.

    Attributes:
        device: which.
        rate_hz: samples per second and channel.
        channels: how many are recorded.
        pulse_stream: where a sound server has put the recording; None where there is none, or it does not say.
    """

    device: Device
    rate_hz: int
    channels: int
    pulse_stream: PulseStream | None = None


class MicrophoneRecording(Protocol):
    """A microphone whose sound can be read; for one thread."""

    @property
    def opened(self) -> OpenMicrophone:
        """What is recorded."""

    def read(self) -> tuple[Samples, bool]:
        """Return what has come since the last call, float32 (n, channels), n ≥ 0, and whether some was lost just before it.

        Never waits. The system holds about half a second ready; of what is read later the oldest may be lost.

        Raises:
            SourceError: ``source.device_lost``, where no more will come.
        """


def find(inputs: dict[int, Device], wanted: str) -> tuple[int, Device]:
    """Choose the device that a person means.

    Args:
        inputs: what there is, by its place in the list.
        wanted: ``Device.id``; its beginning without the USB device, or a name, as older settings have them; any of them with
            another number of the ALSA card. Empty for the default, or the first where the system names none.

    Raises:
        SourceError: ``source.no_device`` where there is none at all, ``source.device_missing`` where there are only others;
            ``source.device_another`` where there is one of the same make and it is another one, or cannot be known to be the
            same; ``source.device_ambiguous`` where several have the same name and nothing distinguishes them.
    """
    if not inputs:
        raise SourceError("source.no_device", retryable=True)
    if not wanted:
        return max(inputs.items(), key=lambda entry: entry[1].default)
    called, usb = split(wanted)
    alike = [e for e in inputs.items() if _any_card(called) in (_any_card(e[1].label), _any_card(e[1].name))]
    if not alike:
        raise SourceError("source.device_missing", retryable=True, device=called)
    if usb is not None and any(device.usb for _, device in alike):
        return _same_usb(alike, usb, called)
    found = [e for e in alike if called in (e[1].label, e[1].name)] or alike
    if found[0][1].label in {device.label for _, device in found[1:]} or (found is alike and len(alike) > 1):
        raise SourceError("source.device_ambiguous", retryable=True, device=called)
    return found[0]


def _same_usb(alike: list[tuple[int, Device]], usb: Usb, called: str) -> tuple[int, Device]:
    """Return the device that is plugged in where it was, or else has its serial number and is alone in that."""
    for entry in alike:
        if entry[1].usb == usb:
            return entry
    namesakes = [e for e in alike if e[1].usb and usb.serial and (e[1].usb.make, e[1].usb.serial) == (usb.make, usb.serial)]
    if len(namesakes) == 1:
        return namesakes[0]
    raise SourceError("source.device_another", retryable=True, device=called)


def _any_card(name: str) -> str:
    return CARD.sub(r"(hw:*,\2)", name)
