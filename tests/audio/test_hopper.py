"""However sound is cut, the same hops come out; and time stays true when some is lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ, Frame
from claptrap.audio.hopper import QUALITY, Hopper, Hops
from claptrap.audio.resampler import HopResampler, can_resample

RATES = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000]


def noise(n: int, channels: int = 1, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (n, channels)).astype(np.float32)


def extract(sound: NDArray[np.float32], seed: int) -> Iterator[NDArray[np.float32]]:
    """Cut at random places; empty pieces and single samples happen."""
    rng = np.random.default_rng(seed)
    most = int(rng.choice([3, 200, 2_000, 20_000]))
    cuts = np.cumsum(rng.integers(0, most + 1, size=3 * len(sound) // most + 2))
    places = [0, 0, 1, *(1 + cuts[cuts < len(sound) - 1]).tolist(), len(sound)]
    return (sound[a:b] for a, b in pairwise(places))


def hear(frames: Iterator[Frame]) -> Hops:
    hopper = Hopper()
    parts = [*(hopper.push(frame) for frame in frames), hopper.finish()]
    return np.concatenate([hops for hops, _ in parts]), np.concatenate([lost for _, lost in parts])


def at_once(sound: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """Return what the resampler makes of a whole recording."""
    if rate_hz == RATE_HZ:
        return sound
    if can_resample(rate_hz):
        return HopResampler(rate_hz).resample_chunk(sound, last=True)
    return soxr.resample(sound, rate_hz, RATE_HZ, quality=QUALITY)


@pytest.mark.parametrize("rate_hz", [8_000, 12_000, 22_050, 44_100, 48_000, 88_200, 192_000])
def test_what_both_rates_can_hold_is_where_it_was(rate_hz: int) -> None:
    """A resampler that holds little back moves nothing and loses nothing: its sound is SoX's."""
    highest_hz = 0.9 * min(RATE_HZ, rate_hz) / 2
    seconds = np.arange(rate_hz) / rate_hz
    tones = sum(np.sin(2 * np.pi * hz * seconds + hz) for hz in np.linspace(60, highest_hz, 9))
    sound = (0.1 * np.asarray(tones)).astype(np.float32)
    hops, _ = hear(iter([Frame(sound[:, None], rate_hz)]))
    other = soxr.resample(sound, rate_hz, RATE_HZ, quality="HQ")
    assert np.abs(hops.ravel()[400:15_600] - other[400:15_600]).max() < 2e-4


@pytest.mark.parametrize("rate_hz", RATES)
def test_any_cutting_gives_what_the_whole_gives(rate_hz: int) -> None:
    """Streaming equals resampling the whole recording at once, to the bit, for every rate, channel count and cutting."""
    for seed in range(6):
        sound = noise(rate_hz // 2 + 37 * seed, channels=1 + seed % 3, seed=seed)
        hops, lost = hear(Frame(piece, rate_hz) for piece in extract(sound, seed))
        mixed = sound.mean(axis=1, dtype=np.float32)
        whole = at_once(mixed, rate_hz)
        assert np.array_equal(hops.ravel()[: len(whole)], whole)
        assert 0 <= hops.size - len(whole) < HOP
        assert not hops.ravel()[len(whole) :].any(), "the last hop is completed with silence"
        assert not lost.any()


def test_16_khz_passes_through_untouched() -> None:
    """What already has the canonical form is not resampled, not even delayed."""
    sound = noise(3 * HOP)
    hopper = Hopper()
    hops, _ = hopper.push(Frame(sound, RATE_HZ))
    assert np.array_equal(hops.ravel(), sound[:, 0])
    assert hopper.finish()[0].size == 0


@pytest.mark.parametrize(("rate_hz", "least_s"), [(8_000, 0.0075), (44_100, 0.004), (48_000, 0.004), (192_000, 0.004)])
def test_a_hop_is_there_as_soon_as_its_sound_is(rate_hz: int, least_s: float) -> None:
    """A clap is decided so much later than its sound is there."""
    hopper, n_given = Hopper(), 0
    piece_s = 0.0005
    for i in range(1, 401):
        n_given += hopper.push(Frame(noise(round(i * piece_s * rate_hz) - round((i - 1) * piece_s * rate_hz)), rate_hz))[
            0
        ].size
        n_whole = int((i * piece_s - least_s) * RATE_HZ) // HOP
        assert n_given >= n_whole * HOP


def test_a_tone_keeps_its_pitch_and_loudness_and_aliases_vanish() -> None:
    """1 kHz comes through within 1 %; 11 kHz, which 16 kHz cannot hold, is down by more than 80 dB."""
    time = np.arange(48_000) / 48_000
    for tone_hz, low, high in ((1_000, 0.495, 0.505), (11_000, 0.0, 0.5e-4)):
        tone = (0.5 * np.sin(2 * np.pi * tone_hz * time)).astype(np.float32)[:, None]
        hops, _ = hear(iter([Frame(tone, 48_000)]))
        middle = hops.ravel()[2_000:14_000]
        assert low <= np.abs(middle).max() <= high


def test_silence_stays_silence() -> None:
    """Nothing is made up."""
    hops, lost = hear(Frame(np.zeros((441, 2), np.float32), 44_100) for _ in range(100))
    assert hops.shape == (50, HOP)
    assert not hops.any()
    assert not lost.any()


def starts(hops: NDArray[np.float32], lost: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the stream time (samples) at which each hop begins."""
    return HOP * (np.arange(len(hops)) + np.cumsum(lost))


@pytest.mark.parametrize("seed", range(20))
def test_time_stays_true_to_the_sample_when_sound_is_lost(seed: int) -> None:
    """Every hop holds exactly the samples of its stream time, wherever and however often sound was lost."""
    rng = np.random.default_rng(seed)
    sound = noise(RATE_HZ * 2, seed=seed)
    frames, at = [], 0
    while at < len(sound):
        lost_samples = int(rng.choice([0, 0, 1, 7, 319, 320, 321, 5_000]))
        n = int(rng.integers(0, 2_500))
        frames.append(Frame(sound[at + lost_samples : at + lost_samples + n], RATE_HZ, lost_samples))
        at += lost_samples + n
    hops, lost = hear(iter(frames))
    assert lost.any()
    for start, hop in list(zip(starts(hops, lost), hops, strict=True))[:-1]:  # the last may be completed with silence
        assert np.array_equal(hop, sound[start : start + HOP, 0])


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_a_lost_block_is_told_in_hops_and_its_edge_does_not_ring(rate_hz: int) -> None:
    """One second lost is fifty hops missing, and both sides sound as if they had been alone."""
    before, after = noise(rate_hz, seed=1), noise(rate_hz, seed=2)
    hops, lost = hear(iter([Frame(before, rate_hz), Frame(after, rate_hz, lost_samples=rate_hz)]))
    assert lost.sum() == 50
    assert lost[50] == 50
    alone, _ = hear(iter([Frame(after, rate_hz)]))
    assert np.array_equal(hops[50:], alone)


def test_an_unknown_loss_is_at_least_one_hop() -> None:
    """Where nobody knows how much is missing, one hop is marked; none of the sound around it is moved by more."""
    sound = noise(10 * HOP)
    hops, lost = hear(iter([Frame(sound[: 5 * HOP], RATE_HZ), Frame(sound[5 * HOP :], RATE_HZ, lost_samples=1)]))
    assert lost.tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert np.array_equal(hops[5], sound[5 * HOP + HOP - 1 : 6 * HOP + HOP - 1, 0])


@pytest.mark.parametrize("then", [(48_000, 1), (44_100, 2)])
def test_another_rate_or_channel_count_is_a_seam(then: tuple[int, int]) -> None:
    """A stream that changes its form is heard on, marked by one missing hop, its time unbroken."""
    rate_hz, channels = then
    frames = [Frame(noise(44_100), 44_100), Frame(noise(rate_hz, channels), rate_hz)]
    hops, lost = hear(iter(frames))
    assert lost.sum() == 1
    assert lost[50] == 1
    assert len(hops) + lost.sum() == 100


def test_a_hopper_can_be_used_again_after_the_end() -> None:
    """finish() leaves a hopper as new."""
    hopper = Hopper()
    sound = Frame(noise(1_000), 48_000)
    first = [hopper.push(sound)[0], hopper.finish()[0]]
    again = [hopper.push(sound)[0], hopper.finish()[0]]
    assert np.array_equal(np.concatenate(first), np.concatenate(again))
    assert hopper.finish()[0].shape == (0, HOP)
