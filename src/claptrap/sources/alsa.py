"""Which program has a sound card, from Linux's ``/proc/asound``: PortAudio does not list a card that is being recorded."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from claptrap.core.errors import SourceError
from claptrap.sources.device import CARD
from claptrap.sources.usb import split, usb_of_card

PROC, SYS = Path("/proc"), Path("/sys")
SOUND_SERVERS = ("pulseaudio", "pipewire", "wireplumber", "jackd")
_CARD_LINE = re.compile(r"^ *(\d+) \[[^\]]*\]: \S+ - (.+)$", re.MULTILINE)
_OWNER = re.compile(r"^owner_pid\s*: (\d+)$", re.MULTILINE)
_PROCESS = re.compile(r"^Tgid:\s*(\d+)$", re.MULTILINE)
_ABSENT = ("source.no_device", "source.device_missing", "source.device_busy")


@dataclass(frozen=True, slots=True)
class BusyDevice:
    """An ALSA device that is being recorded.

    Attributes:
        card, device: its numbers, as in ``hw:1,0``.
        name: what its card is called.
        process: by which process; None where the system does not say.
    """

    card: int
    device: int
    name: str
    process: int | None


def is_configured() -> bool:
    """Return whether ALSA's configuration is where it usually is and names a device; True on another system than Linux."""
    paths = os.environ.get("ALSA_CONFIG_PATH") or "/usr/share/alsa/alsa.conf"
    return sys.platform != "linux" or any("pcm" in _text(Path(path)) for path in paths.split(":"))


def is_card_present(name: str, proc: Path = PROC) -> bool:
    """Return whether the card that PortAudio once listed as ``name`` still has its number; True where that is unknown."""
    card, cards = CARD.search(name), cards_by_number(proc)
    return card is None or not cards or name.startswith(f"{cards.get(int(card[1]))}: ")


def cards_by_number(proc: Path = PROC) -> dict[int, str]:
    """Return what ALSA's cards are called; nothing on another system than Linux, or without a card."""
    return {int(number): name.strip() for number, name in _CARD_LINE.findall(_text(proc / "asound/cards"))}


def busy_devices(proc: Path = PROC) -> Iterator[BusyDevice]:
    """Yield every device that is being recorded."""
    cards = cards_by_number(proc)
    for status in sorted((proc / "asound").glob("card*/pcm*c/sub*/status")):
        said, where = _text(status), re.search(r"card(\d+)/pcm(\d+)c/", status.as_posix())
        if where and "state:" in said and int(where[1]) in cards:
            owner = _OWNER.search(said)
            yield BusyDevice(int(where[1]), int(where[2]), cards[int(where[1])], int(owner[1]) if owner else None)


def busy_errors(proc: Path = PROC) -> Iterator[SourceError]:
    """Yield, for every device that is being recorded, which program has it; PortAudio does not list it meanwhile."""
    for one in busy_devices(proc):
        yield _busy(one, f"{one.name} (hw:{one.card},{one.device})", proc)


def explain(error: SourceError, wanted: str, proc: Path = PROC, devices: Path = SYS) -> SourceError:
    """Return who has the microphone, where that is why it cannot be had; else ``error`` itself.

    Args:
        error: why it cannot be had.
        wanted: ``Device.id`` or a device's name; empty for the default.
        proc: the kernel's folder of processes and sound cards.
        devices: its folder of devices.
    """
    if error.code not in _ABSENT:
        return error
    for one in busy_devices(proc):
        if _is_meant(one, wanted, devices):
            return _busy(one, split(wanted)[0] or one.name, proc)
    return error


def _is_meant(one: BusyDevice, wanted: str, devices: Path) -> bool:
    called, usb = split(wanted)
    if not called:
        return True
    number = CARD.search(called)
    if number is None or int(number[2]) != one.device or not called.startswith(f"{one.name}: "):
        return False
    here = usb_of_card(one.card, devices)
    return usb is None or here is None or (here.make, here.port) == (usb.make, usb.port)


def _busy(one: BusyDevice, device: str, proc: Path) -> SourceError:
    program = "" if one.process is None else _program(one.process, proc)
    if not program:
        return SourceError("source.device_busy", retryable=True, device=device)
    code = "source.device_busy_server" if program in SOUND_SERVERS else "source.device_busy_by"
    return SourceError(code, retryable=True, device=device, program=program)


def _program(process: int, proc: Path) -> str:
    """Return a program's name; the kernel may have noted one of its threads."""
    found = _PROCESS.search(_text(proc / str(process) / "status"))
    return _text(proc / (found[1] if found else str(process)) / "comm").strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
