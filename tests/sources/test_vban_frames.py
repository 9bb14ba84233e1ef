"""What is heard of a stream: the right channel, and gaps that do not sound like claps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from claptrap.audio.frame import Frame
from claptrap.audio.hopper import Hopper
from claptrap.detect.onset import OnsetDetector
from claptrap.sources import vban_bridge
from claptrap.sources.vban_bridge import bridge, extend, fade
from claptrap.sources.vban_frames import BRIDGE_S, FrameAssembler
from claptrap.sources.vban_packet import Encoding, Format, Packet, encode
from claptrap.sources.vban_reorder import OrderedPacket

RATE_HZ = 48_000
FRAMES = 256


def ordered(samples: NDArray[np.float32], lost: frozenset[int] = frozenset(), rate_hz: int = RATE_HZ) -> list[OrderedPacket]:
    """Cut samples (n, channels) into turns of 256 frames; those with an index in ``lost`` do not arrive."""
    form = Format(rate_hz, samples.shape[1], Encoding.FLOAT32)
    made, n_lost = [], 0
    for i, at in enumerate(range(0, len(samples), FRAMES)):
        block = samples[at : at + FRAMES]
        if i in lost:
            n_lost += len(block)
            continue
        made.append(OrderedPacket(Packet(form, len(block), b"s", i, encode(block, form.encoding)), n_lost))
        n_lost = 0
    return made


def hear(samples: NDArray[np.float32], lost: frozenset[int] = frozenset()) -> list[Frame]:
    assembler = FrameAssembler(Format(RATE_HZ, samples.shape[1], Encoding.FLOAT32))
    return [frame for item in ordered(samples, lost) for frame in assembler.frames([item])]


def joined(frames: list[Frame]) -> NDArray[np.float32]:
    return np.concatenate([frame.samples[:, 0] for frame in frames])


def hum(seconds: float = 4.0, noise_level: float = 1e-4) -> NDArray[np.float32]:
    """A room with a fan: 150 and 443 Hz and a little noise, (n, 1)."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(1).normal(0, noise_level, len(t))
    return (0.2 * np.sin(2 * np.pi * 150 * t) + 0.1 * np.sin(2 * np.pi * 443 * t) + noise).astype(np.float32)[:, None]


def test_without_loss_the_sound_passes_unchanged() -> None:
    """However the turns are grouped, the same samples come out, and no seam."""
    sound = hum(0.5)
    frames = hear(sound)
    assert joined(frames).tolist() == sound[:, 0].tolist()
    at_once = list(FrameAssembler(Format(RATE_HZ, 1, Encoding.FLOAT32)).frames(ordered(sound)))
    assert len(at_once) == 1
    assert joined(at_once).tolist() == sound[:, 0].tolist()
    assert not any(frame.lost_samples for frame in frames + at_once)


@pytest.mark.parametrize("n_lost", [1, 6])
def test_every_channel_is_given_and_each_is_bridged(n_lost: int) -> None:
    """Whatever is heard of a stream later, no channel has a step where sound is lost, however loud another is."""
    loud, faint = hum(), 0.01 * hum()[::-1]
    sound = np.concatenate([loud, faint, np.zeros_like(loud)], axis=1)
    assert np.concatenate([frame.samples for frame in hear(sound)]).tolist() == sound.tolist()
    heard = np.concatenate([frame.samples for frame in hear(sound, frozenset(range(300, 300 + n_lost)))])
    assert heard[-RATE_HZ:].tolist() == sound[-RATE_HZ:].tolist()
    assert (np.abs(np.diff(heard, axis=0)).max(axis=0) <= 6 * np.abs(np.diff(sound, axis=0)).max(axis=0)).all()


@pytest.mark.parametrize("n_lost", [1, 2, 3])
def test_a_short_gap_is_bridged(n_lost: int) -> None:
    """Up to 20 ms: as many samples as were sent, no seam is told, no step is heard."""
    assert n_lost * FRAMES <= BRIDGE_S * RATE_HZ
    sound = hum()
    frames = hear(sound, lost=frozenset(range(300, 300 + n_lost)))
    assert not any(frame.lost_samples for frame in frames)
    heard = joined(frames)
    assert len(heard) == len(sound)
    own_step = np.abs(np.diff(sound[:, 0])).max()
    assert np.abs(np.diff(heard)).max() < 3 * own_step
    after = (300 + n_lost) * FRAMES
    assert heard[after:].tolist() == sound[after:, 0].tolist()


@pytest.mark.parametrize("n_lost", [4, 20, 187])
def test_a_long_gap_fades_out_is_told_and_fades_in(n_lost: int) -> None:
    """More than 20 ms: what is given and what is told as lost is what was sent; both edges are soft."""
    sound = hum()
    frames = hear(sound, lost=frozenset(range(300, 300 + n_lost)))
    (seam,) = [i for i, frame in enumerate(frames) if frame.lost_samples]
    assert len(joined(frames)) + frames[seam].lost_samples == len(sound)
    own_step = np.abs(np.diff(sound[:, 0])).max()
    assert np.abs(np.diff(joined(frames[:seam]))).max() < 3 * own_step
    assert abs(frames[seam - 1].samples[-1, 0]) < 0.01
    assert abs(frames[seam].samples[0, 0]) < 0.01
    assert np.abs(np.diff(joined(frames[seam:]))).max() < 6 * own_step


@pytest.mark.parametrize("n_lost", [1, 3, 20])
def test_a_gap_where_nothing_may_be_predicted_fades_and_is_told(n_lost: int) -> None:
    """A machine that is too slow for its sound predicts none: what was sent is given or told, and nothing begins."""
    sound, form = hum(), Format(RATE_HZ, 1, Encoding.FLOAT32)
    assembler = FrameAssembler(form, lambda: False)
    frames = [f for item in ordered(sound, frozenset(range(300, 300 + n_lost))) for f in assembler.frames([item])]
    assert sum(len(frame.samples) + frame.lost_samples for frame in frames) == len(sound)
    assert max(frame.lost_samples for frame in frames) > (n_lost - 1) * FRAMES
    assert candidates(frames) == 0


def test_a_gap_right_at_the_beginning_is_survived() -> None:
    """There is little or nothing to mirror yet."""
    for lost in (1, 2, 5):
        frames = hear(hum(0.2), lost=frozenset(range(1, 1 + lost)))
        assert sum(len(f.samples) + f.lost_samples for f in frames) == len(hum(0.2))


def candidates(frames: list[Frame]) -> int:
    hopper, gate = Hopper(), OnsetDetector(1)
    found = 0
    for frame in frames:
        for hop, lost in zip(*hopper.push(frame), strict=True):
            found += len(gate.process(np.array([0]), hop[None], np.array([lost])))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("noise_level", [1e-4, 1e-3, 5e-3])
@pytest.mark.parametrize("n_lost", [1, 2, 3, 4, 8, 40])
def test_loss_is_no_beginning(n_lost: int, noise_level: float) -> None:
    """The gate hears nothing begin where packets of a humming room are lost, while a hard hole is heard at once."""
    sound = hum(8.0, noise_level)
    lost = frozenset(i + k for i in range(100, 1_400, 130) for k in range(n_lost))
    assert candidates(hear(sound)) == 0
    assert candidates(hear(sound, lost=lost)) == 0
    holes = sound.copy()
    for i in lost:
        holes[i * FRAMES : (i + 1) * FRAMES] = 0
    assert candidates(hear(holes)) >= 8


def test_a_clap_after_a_loss_is_still_a_beginning() -> None:
    """100 ms after a gap, bridged or told, a burst of noise is found like any other."""
    for n_lost in (1, 10):
        sound = hum(3.0)
        at = (200 + n_lost) * FRAMES + RATE_HZ // 10
        burst = np.random.default_rng(3).normal(0, 0.3, 2_400) * np.exp(-np.arange(2_400) / 480)
        sound[at : at + 2_400, 0] += burst.astype(np.float32)
        assert candidates(hear(sound, lost=frozenset(range(200, 200 + n_lost)))) >= 1


def test_a_fade_falls() -> None:
    """From nearly 1 to nearly 0, never rising."""
    falling = fade(96)
    assert all(a > b for a, b in pairwise(falling))
    assert falling[0] > 0.99
    assert falling[-1] < 0.01
    assert len(fade(0)) == 0


def test_a_bridge_goes_on_with_a_tone() -> None:
    """A tone is restored almost as it was."""
    sound = hum(0.2, 0.0)
    bridged = bridge(sound[1_000:2_056], 256, sound[2_312:3_368])
    assert np.abs(bridged - sound[2_056:2_312]).max() < 0.01


@pytest.mark.parametrize("n_before", [0, 1, 3, 4, 7, 100])
@pytest.mark.parametrize("n_after", [0, 1, 5, 300])
def test_a_bridge_of_little_is_finite_and_hardly_louder(n_before: int, n_after: int) -> None:
    """Whatever there is on either side, even a step or full scale: nothing explodes."""
    rng = np.random.default_rng(4)
    for before, after in [
        (rng.uniform(-1, 1, n_before), rng.uniform(-1, 1, n_after)),
        (np.ones(n_before), -np.ones(n_after)),
        (np.zeros(n_before), np.zeros(n_after)),
        (2.0 ** np.arange(n_before) / 2.0**n_before, np.zeros(n_after)),
    ]:
        bridged = bridge(before.astype(np.float32)[:, None], 500, after.astype(np.float32)[:, None])
        assert bridged.shape == (500, 1)
        assert np.abs(bridged).max() <= 1.5 * max(np.abs(before).max(initial=0), np.abs(after).max(initial=0)) + 1e-6


def test_silence_goes_on_as_silence() -> None:
    """Exact zeros stay exact zeros, so that a mute stream is still known as one."""
    assert not extend(np.zeros((1_000, 2), np.float32), 200).any()


@pytest.mark.parametrize("n", [0, 1, 31, 32, 33, 256, 960])
def test_leaps_go_where_steps_would(n: int) -> None:
    """Many samples at once are the same as one after the other, each predicted by the 32 before it."""
    time = np.arange(1056) / 48_000
    before = (0.3 * np.sin(2 * np.pi * 440 * time) + 0.1 * np.sin(2 * np.pi * 1234 * time)).astype(np.float32)
    before += np.random.default_rng(0).normal(0, 1e-3, len(before)).astype(np.float32)
    weights = vban_bridge._prediction(before.astype(np.float64)[:, None], vban_bridge.ORDER)
    steps = list(before[-vban_bridge.ORDER :].astype(np.float64))
    for _ in range(n):
        steps.append(float(np.dot(steps[-vban_bridge.ORDER :], weights)))
    assert extend(before[:, None], n)[:, 0] == pytest.approx(np.array(steps[vban_bridge.ORDER :]), abs=1e-5)
