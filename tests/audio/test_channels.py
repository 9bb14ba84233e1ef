"""One channel of several: none is lost because of the others."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from claptrap.audio.channels import FADE_S, channel_mixer
from claptrap.audio.frame import Frame
from claptrap.audio.hopper import Hopper

RATE_HZ = 16_000
BLOCK = 320

Samples = NDArray[np.float32]


def noise(n: int, channels: int, size: float, seed: int = 1) -> Samples:
    return (size * np.random.default_rng(seed).standard_normal((n, channels))).astype(np.float32)


def mixed(sound: Samples, channel: str) -> Samples:
    mix = channel_mixer(channel, RATE_HZ, sound.shape[1])
    return np.concatenate([mix(sound[at : at + BLOCK]) for at in range(0, len(sound), BLOCK)])


def test_a_balanced_microphone_on_a_stereo_jack_is_heard() -> None:
    """Its channels are one another's opposite: their mean is nothing, and nothing was heard (0 claps)."""
    left = noise(RATE_HZ, 1, 0.1)
    sound = np.hstack((left, -left))
    assert not mixed(sound, "mean").any()
    assert np.array_equal(np.abs(mixed(sound, "auto")), np.abs(left[:, 0]))


def test_a_microphone_on_input_three_of_eight_is_heard() -> None:
    """The other inputs only hiss; what the third hears is neither left out nor divided by eight."""
    sound = noise(RATE_HZ, 8, 1e-4)
    sound[8_000:8_400, 2] += noise(400, 1, 0.5, seed=2)[:, 0]
    heard = mixed(sound, "auto")
    assert np.abs(heard[8_000:8_400]).max() == pytest.approx(np.abs(sound[8_000:8_400, 2]).max(), rel=0.05)


def test_two_microphones_of_one_room_are_their_mean() -> None:
    """As long as the mean says what the channels say it has less noise; one silent channel is no reason to change."""
    both = noise(RATE_HZ, 2, 0.1)
    one = both * np.array([1, 0], np.float32)
    for sound in (both, one):
        assert np.allclose(mixed(sound, "auto"), sound.mean(axis=1))


def test_a_chosen_channel_is_that_one_whatever_the_others_do() -> None:
    """The number counts from 1."""
    sound = noise(3_200, 3, 0.1)
    sound[:, 0] = np.nan
    for number in (2, 3):
        assert np.array_equal(mixed(sound, str(number)), sound[:, number - 1])
    assert not mixed(sound, "1").any()


@pytest.mark.parametrize("channel", ["0", "3", "64"])
def test_a_channel_that_does_not_exist_is_refused(channel: str) -> None:
    """Silence would be the wrong answer."""
    with pytest.raises(ValueError, match=f"no channel {channel} among 2"):
        channel_mixer(channel, RATE_HZ, 2)


@pytest.mark.parametrize("channel", ["auto", "loudest"])
def test_changes_are_faded(channel: str) -> None:
    """An edge from one channel to another would be taken for a clap."""
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    tone = (0.3 * np.sin(2 * np.pi * 200 * t)).astype(np.float32)
    sound = np.stack((tone, -tone), axis=1)
    sound[RATE_HZ:, 0] *= np.float32(0.2)
    heard = mixed(sound, channel)
    steepest = float(np.abs(np.diff(tone)).max())
    assert float(np.abs(np.diff(heard)).max()) <= steepest + 0.6 * np.pi / (FADE_S * RATE_HZ)
    assert np.abs(heard[-BLOCK:]).max() == pytest.approx(0.3, abs=0.01)


def test_a_block_without_samples_changes_nothing() -> None:
    """A frame may be empty."""
    mix = channel_mixer("auto", RATE_HZ, 2)
    assert len(mix(np.zeros((0, 2), np.float32))) == 0


def test_the_hopper_hears_the_chosen_channel_across_seams() -> None:
    """Lost sound begins a new segment and no other channel; another number of channels begins anew."""
    hopper = Hopper("2")
    sound = np.zeros((640, 2), np.float32)
    sound[:, 1] = 0.5
    for lost in (0, 1_000):
        hops, _ = hopper.push(Frame(sound, RATE_HZ, lost))
        assert np.all(hops == 0.5)
    with pytest.raises(ValueError, match="no channel 2 among 1"):
        hopper.push(Frame(sound[:, :1], RATE_HZ))
