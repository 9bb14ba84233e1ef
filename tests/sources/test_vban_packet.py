"""Packets: what is built is parsed, what is malformed has a named reason, and nothing else can happen."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from claptrap.sources.vban_packet import (
    HEADER,
    MOST_CHANNELS,
    RATES_HZ,
    Encoding,
    Format,
    Packet,
    RejectReason,
    build,
    decode,
    encode,
    parse,
)
from claptrap.text.catalogue import MESSAGES

REAL_HEADER = bytes.fromhex("5642414e 03ee0102 566f6963656d65657465720000000000 01000000")  # vban_emitter, 24-bit stereo


def packet(form: Format, frames: int = 100, name: bytes = b"Stream1", counter: int = 7, seed: int = 0) -> Packet:
    rng = np.random.default_rng(seed)
    samples = rng.uniform(-0.9, 0.9, (frames, form.channels)).astype(np.float32)
    return Packet(form, frames, name, counter, encode(samples, form.encoding))


def good() -> bytearray:
    return bytearray(build(packet(Format(48_000, 2, Encoding.INT16), 64)))


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_parse_undoes_build(encoding: Encoding, rate_hz: int) -> None:
    """Every encoding, table rate, and number of channels and frames at the bounds survives."""
    for channels, frames in [(1, 1), (1, 256), (2, 119), (8, 89), (MOST_CHANNELS, 3)]:
        sent = packet(Format(rate_hz, channels, encoding), frames, seed=frames)
        assert parse(build(sent)) == sent
        assert parse(memoryview(build(sent))) == sent


@pytest.mark.parametrize("name", [b"", b"a", b"ESP32_AUDIO_STRM", b"caf\xe9", "écouté".encode(), b" x "])
@pytest.mark.parametrize("counter", [0, 1, 2**31, 2**32 - 1])
def test_names_are_raw_bytes_and_counters_whole(name: bytes, counter: int) -> None:
    """A 16-byte name has no NUL and swallows nothing of the counter; no decoding can fail."""
    sent = packet(Format(16_000, 1, Encoding.INT16), name=name, counter=counter)
    assert parse(build(sent)) == sent


def test_what_follows_the_nul_is_no_name() -> None:
    """Senders leave garbage there."""
    datagram = good()
    datagram[8:24] = b"Mic\0garbage.....!"[:16]
    parsed = parse(datagram)
    assert isinstance(parsed, Packet)
    assert parsed.name == b"Mic"


def test_a_header_of_a_real_sender_is_read() -> None:
    """The annotated packet of the C reference tool: 239 frames of 24-bit stereo at 48 kHz."""
    parsed = parse(REAL_HEADER + bytes(1434))
    assert isinstance(parsed, Packet)
    assert parsed[:4] == (Format(48_000, 2, Encoding.INT24), 239, b"Voicemeeter", 1)


@pytest.mark.parametrize("encoding", Encoding)
def test_decode_undoes_encode(encoding: Encoding) -> None:
    """Samples come back within half a step of their encoding, channel by channel; full scale and silence are exact."""
    rng = np.random.default_rng(5)
    samples = rng.uniform(-1, 1, (200, 3)).astype(np.float32)
    samples[0], samples[1] = 0, -1
    back = decode(encode(samples, encoding), Format(48_000, 3, encoding))
    step = 0.0 if encoding in (Encoding.FLOAT32, Encoding.FLOAT64) else 2.0 ** (1 - 8 * encoding.n_bytes)
    assert back.dtype == np.float32
    assert np.abs(back - samples).max() <= max(step, 6e-8)
    assert not back[0].any()
    assert (back[1] == -1).all()


@pytest.mark.parametrize(
    ("encoding", "raw", "values"),
    [
        (Encoding.UINT8, "00 80 ff", [-1, 0, 127 / 128]),
        (Encoding.INT16, "0080 0000 0100 ff7f", [-1, 0, 2**-15, 32767 / 32768]),
        (Encoding.INT24, "000080 000000 010000 ffffff ffff7f", [-1, 0, 2**-23, -(2**-23), 1 - 2**-23]),
        (Encoding.INT32, "00000080 00000000 00010000", [-1, 0, 2**-23]),
    ],
)
def test_integers_have_the_full_scale_of_the_specification(encoding: Encoding, raw: str, values: list[float]) -> None:
    """Known bytes, known numbers; 8 bits are unsigned."""
    assert decode(bytes.fromhex(raw), Format(48_000, 1, encoding))[:, 0].tolist() == np.float32(values).tolist()


@pytest.mark.parametrize(("encoding", "letter"), [(Encoding.FLOAT32, "f"), (Encoding.FLOAT64, "d")])
def test_floats_that_are_no_sound_are_tamed(encoding: Encoding, letter: str) -> None:
    """One NaN must not poison a filter for ever."""
    wild = [float("nan"), float("inf"), -float("inf"), 1e38, -9.0, 1.5, 0.001]
    tame = decode(struct.pack(f"<7{letter}", *wild), Format(48_000, 1, encoding))[:, 0]
    assert tame.tolist() == np.float32([0, 0, 0, 4, -4, 1.5, 0.001]).tolist()


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, ord("v"), RejectReason.NOT_VBAN),
        (4, 0x03 | 0x20, RejectReason.NOT_AUDIO),
        (4, 0x03 | 0x40, RejectReason.NOT_AUDIO),
        (4, 0x03 | 0x60, RejectReason.NOT_AUDIO),
        (4, 0x03 | 0xE0, RejectReason.NOT_AUDIO),
        (4, 21, RejectReason.UNKNOWN_RATE),
        (4, 31, RejectReason.UNKNOWN_RATE),
        (5, 62, RejectReason.WRONG_LENGTH),
        (5, 64, RejectReason.WRONG_LENGTH),
        (6, 0, RejectReason.WRONG_LENGTH),
        (6, 64, RejectReason.TOO_MANY_CHANNELS),
        (6, 255, RejectReason.TOO_MANY_CHANNELS),
        (7, 0x01 | 0x08, RejectReason.RESERVED_BIT),
        (7, 0x01 | 0x10, RejectReason.NOT_PCM),
        (7, 0x01 | 0x20, RejectReason.NOT_PCM),
        (7, 0x01 | 0xF0, RejectReason.NOT_PCM),
        (7, 0x06, RejectReason.UNKNOWN_TYPE),
        (7, 0x07, RejectReason.UNKNOWN_TYPE),
    ],
)
def test_each_malformed_byte_has_its_reason(at: int, value: int, reason: RejectReason) -> None:
    """A wrong header is refused for what is wrong in it, never guessed."""
    datagram = good()
    datagram[at] = value
    assert parse(datagram) is reason


def test_truncated_at_every_length() -> None:
    """No prefix of a packet is a packet, and each has its reason; one byte too many is refused too."""
    datagram = bytes(good())
    for length in range(len(datagram)):
        expected = (
            RejectReason.NOT_VBAN
            if length < 4
            else RejectReason.TOO_SHORT
            if length <= HEADER.size
            else RejectReason.WRONG_LENGTH
        )
        assert parse(datagram[:length]) is expected, length
    assert parse(datagram + b"\0") is RejectReason.WRONG_LENGTH


def test_every_refusal_has_a_sentence() -> None:
    """No bare reason reaches a person."""
    assert {reason.code for reason in RejectReason} <= set(MESSAGES["en"])


@pytest.mark.slow
def test_fuzz() -> None:
    """100 000 random, damaged and cut packets: a packet that can be built and decoded, or a reason; nothing is raised."""
    rng = random.Random(20)
    seen: set[RejectReason | type[Packet]] = set()
    for i in range(100_000):
        if i % 4 == 0:
            datagram = rng.randbytes(rng.randrange(80))
        elif i % 4 == 1:
            datagram = b"VBAN" + rng.randbytes(rng.randrange(76))
        else:
            damaged = good()
            for _ in range(rng.randrange(1, 4)):
                damaged[rng.randrange(28 if i % 4 == 2 else len(damaged))] = rng.randrange(256)
            datagram = bytes(damaged[: rng.choice((len(damaged), rng.randrange(len(damaged))))])
        parsed = parse(datagram)
        if isinstance(parsed, Packet):
            seen.add(Packet)
            again = build(parsed)
            assert parse(again) == parsed
            assert np.isfinite(decode(parsed.payload, parsed.format)).all()
        else:
            seen.add(RejectReason(parsed))
    assert seen == {Packet, *RejectReason}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": b"seventeen letters"},
        {"name": b"a\0b"},
        {"frames": 0, "payload": b""},
        {"frames": 257, "payload": bytes(514)},
        {"payload": b"odd"},
        {"format": Format(48_001, 1, Encoding.INT16)},
        {"format": Format(48_000, 65, Encoding.INT16), "payload": bytes(13_000)},
    ],
)
def test_what_no_header_can_say_is_not_built(wrong: dict[str, object]) -> None:
    """Building refuses instead of writing a longer header."""
    right = packet(Format(48_000, 1, Encoding.INT16))
    with pytest.raises(ValueError, match=r"\w"):
        build(right._replace(**wrong))
