"""Numbers of every kind become sound of one kind."""

from __future__ import annotations

import numpy as np
import pytest

from claptrap.audio.convert import mono, sanitise, to_float32


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64])
def test_signed_integers_fill_the_range(kind: type[np.signedinteger]) -> None:
    """The lowest integer is -1, zero is zero, the highest is just under or at 1."""
    info = np.iinfo(kind)
    low, silence, high = to_float32(np.array([info.min, 0, info.max], kind))
    assert low == -1
    assert silence == 0
    assert 0.99 < high <= 1


def test_unsigned_integers_are_silent_in_the_middle() -> None:
    """An 8-bit WAV has its silence at 128."""
    assert to_float32(np.array([0, 128, 255], np.uint8)).tolist() == [-1, 0, 127 / 128]


def test_16_bit_integers_come_back() -> None:
    """No 16-bit value is changed by the way through float32."""
    every = np.arange(-32_768, 32_768, dtype=np.int16)
    assert np.array_equal((to_float32(every) * 32_768).astype(np.int16), every)


def test_floats_keep_their_values() -> None:
    """Floats are sound already, also beyond ±1."""
    assert to_float32(np.array([[0.5], [-2.0]])).tolist() == [[0.5], [-2.0]]


def test_what_is_not_a_sound_is_silent() -> None:
    """NaN, infinities and absurd values become 0; the rest stays as it is."""
    wild = np.array([0.5, np.nan, np.inf, -np.inf, 3e38, -1.5, 32_767], np.float32)
    assert sanitise(wild).tolist() == [0.5, 0, 0, 0, 0, -1.5, 32_767]
    assert np.isnan(wild[1]), "the original is left alone"


def test_mono_is_the_mean_and_a_broken_channel_harms_no_other() -> None:
    """Channels are averaged after each was cleaned."""
    stereo = np.array([[1.0, 0.0], [0.5, np.nan], [-0.25, 0.75]], np.float32)
    assert mono(stereo).tolist() == [0.5, 0.25, 0.25]
