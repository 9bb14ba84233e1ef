r"""Names of VBAN streams: up to 16 bytes on the wire, text for people.

Senders put ASCII, UTF-8 or Latin-1 there, and a stranger may put anything. Names are compared as raw bytes; their text is
lossless and harmless: what is no printable UTF-8 (and the backslash) is written ``\xNN`` byte by byte, so that neither a
control character nor one that turns the direction of writing reaches a page or a log.
"""

from __future__ import annotations

import re
import unicodedata

from claptrap.core.errors import InputError

NAME_BYTES = 16
_ESCAPE = re.compile(rb"\\x([0-9a-fA-F]{2})")
_HARMLESS = frozenset({"L", "M", "N", "P", "S"})  # Unicode's major categories: letters, marks, numbers, punctuation, symbols


def to_text(raw: bytes) -> str:
    """Return a raw name as text; ``to_bytes`` gives back the same bytes."""
    return "".join(_shown(char) for char in raw.decode("utf-8", "surrogateescape"))


def to_bytes(text: str) -> bytes:
    r"""Return the raw name that ``text`` means: UTF-8, with ``\xNN`` for one byte. Any length."""
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text.encode("utf-8", "surrogatepass"))


def check_name(text: str) -> None:
    """Raise InputError ``vban.name_too_long`` or ``vban.name_with_nul`` where no stream can have this name."""
    raw = to_bytes(text)
    if len(raw) > NAME_BYTES:
        raise InputError("vban.name_too_long", bytes=len(raw), most=NAME_BYTES)
    if b"\0" in raw:
        raise InputError("vban.name_with_nul")


def _shown(char: str) -> str:
    if char == " " or (char != "\\" and unicodedata.category(char)[0] in _HARMLESS):
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
