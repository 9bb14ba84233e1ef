"""Names of streams: lossless, harmless, bounded."""

from __future__ import annotations

import random

import pytest

from claptrap.core.errors import InputError
from claptrap.core.vbanname import check_name, to_bytes, to_text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Stream1", "Stream1"),
        (b"", ""),
        (b"two words", "two words"),
        ("Küche".encode(), "Küche"),
        (b"caf\xe9", r"caf\xe9"),
        (rb"a\b", r"a\x5cb"),
        (rb"\x41", r"\x5cx41"),
        (b"a\nb\x1b[31m", r"a\x0ab\x1b[31m"),
        ("\u202egpj".encode(), r"\xe2\x80\xaegpj"),
        (b"<b>&", "<b>&"),
    ],
)
def test_a_name_as_text(raw: bytes, text: str) -> None:
    """Printable UTF-8 stays; control characters, turned writing and other encodings are told by their bytes."""
    assert to_text(raw) == text
    assert to_bytes(text) == raw


def test_any_bytes_survive() -> None:
    """Text ∘ bytes = identity, so what is listed selects exactly that stream."""
    rng = random.Random(8)
    for _ in range(20_000):
        raw = rng.randbytes(rng.randrange(17))
        assert to_bytes(to_text(raw)) == raw
        assert to_text(raw).isprintable()


@pytest.mark.parametrize(
    ("text", "code"),
    [("x" * 17, "vban.name_too_long"), ("é" * 9, "vban.name_too_long"), (r"a\x00", "vban.name_with_nul")],
)
def test_names_that_no_stream_can_have(text: str, code: str) -> None:
    """Refused with their reason; sixteen bytes pass."""
    with pytest.raises(InputError) as caught:
        check_name(text)
    assert caught.value.code == code
    check_name("x" * 16)
    check_name("é" * 8)
