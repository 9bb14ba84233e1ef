"""A voice satellite as a source, and the wake words that claps are for it. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable

from wyoming.info import Attribution, WakeModel, WakeProgram

from claptrap import __version__
from claptrap.sources.feeds import AbsenceCodes

CODES = AbsenceCodes(waiting="satellite.waiting", asleep="satellite.asleep", lost="satellite.lost")
WORDS = {1: "clap", 2: "double clap", 3: "triple clap"}
"""The wake words, by their number of claps."""
_US = Attribution("ClapTrap", "")
_NUMBERS = {word: claps for claps, word in WORDS.items()}


def claps_of(names: Iterable[str]) -> frozenset[int]:
    """Return the numbers of claps that these wake words are; names that are none of ours are left out."""
    known = (_NUMBERS.get(name.strip().lower().replace("_", " ")) for name in names)
    return frozenset(claps for claps in known if claps is not None)


def word_of(claps: int, wanted: Collection[int] | None) -> str | None:
    """Return the wake word of a detection, None where it is not wanted.

    Args:
        claps: how many it had, ≥ 1; more than three are as good as three.
        wanted: numbers of claps; None for any.
    """
    number = min(claps, max(WORDS))
    return WORDS[number] if wanted is None or number in wanted else None


def wake_program(more: Iterable[WakeModel] = ()) -> WakeProgram:
    """Return the description of the service: its wake words, then ``more`` (Home Assistant reads one program only)."""
    models = [
        WakeModel(
            name=word,
            attribution=_US,
            installed=True,
            description=word.capitalize(),
            version=None,
            languages=[],
            phrase=word.capitalize(),
        )
        for word in WORDS.values()
    ]
    return WakeProgram(
        name="claptrap",
        attribution=_US,
        installed=True,
        description="Hand claps as wake words",
        version=__version__,
        models=[*models, *more],
    )


def canonical_host(host: str) -> str:
    """Return an IP address in its one usual form: without a scope, IPv4 as IPv4.

    Raises:
        ValueError: it is none.
    """
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
