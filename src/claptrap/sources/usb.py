"""Which USB device an ALSA sound card is, from Linux's ``/sys``: two microphones of the same make have the same name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SYS = Path("/sys")
_WRITTEN = re.compile(r" \[usb ([0-9a-f]{4}:[0-9a-f]{4})(?: (\S+))? @(\S+)\]$")


@dataclass(frozen=True, slots=True)
class Usb:
    """A USB device.

    Attributes:
        make: vendor and product, ``046d:0825``; the same for all of its kind.
        serial: its serial number, blanks and brackets replaced; empty where it has none, as cheap ones do.
        port: the socket that it is plugged into, ``1-1.3``: bus and ports on the way.
    """

    make: str
    serial: str
    port: str

    def __str__(self) -> str:
        return f" [usb {self.make}{self.serial and f' {self.serial}'} @{self.port}]"


def split(device_id: str) -> tuple[str, Usb | None]:
    """Return a remembered device without and with what ``str(Usb)`` has put at its end, if it has."""
    found = _WRITTEN.search(device_id)
    return (device_id[: found.start()], Usb(found[1], found[2] or "", found[3])) if found else (device_id, None)


def usb_of_card(number: int, sys: Path = SYS) -> Usb | None:
    """Return the USB device that is ALSA's card ``number``; None for another bus, another system, or no such card."""
    place = (sys / "class" / "sound" / f"card{number}" / "device").resolve()
    for folder in (place, *place.parents):
        if vendor := _line(folder / "idVendor"):
            serial = re.sub(r"[\s\[\]]+", "_", _line(folder / "serial"))
            return Usb(f"{vendor}:{_line(folder / 'idProduct')}".lower(), serial, folder.name)
    return None


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
