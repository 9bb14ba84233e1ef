"""What may wait for more sound, and what may not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from claptrap.audio.frame import Frame
from claptrap.runtime.quiet import MOST_HELD_S, QuietBuffer

RATE_HZ = 48_000
N = RATE_HZ // 10


def room(n_frames: int, level: float = 3e-4) -> Iterator[Frame]:
    """Yield frames of 100 ms of steady noise on a hum a hundred times as loud, and on an offset."""
    rng, at = np.random.default_rng(1), np.arange(n_frames * N) / RATE_HZ
    sound = rng.normal(0, level, n_frames * N) + 100 * level * np.sin(2 * np.pi * 50 * at) + 0.1
    for frame in sound.astype(np.float32).reshape(n_frames, N, 1):
        yield Frame(frame, RATE_HZ)


def test_steady_sound_is_processed_in_long_pieces_and_nothing_of_it_changes() -> None:
    buffer, frames = QuietBuffer(), list(room(24))
    pieces = [piece for frame in frames for piece in buffer.push(frame, is_patient=True)] + buffer.flush()
    assert [len(piece.samples) // N for piece in pieces] == [1, 1, *4 * [round(MOST_HELD_S * 10)], 2]
    assert np.array_equal(np.concatenate([p.samples for p in pieces]), np.concatenate([f.samples for f in frames]))


@pytest.mark.parametrize("at", [1, N // 2, N - 400])
def test_what_may_be_a_clap_is_processed_at_once_with_all_before_it(at: int) -> None:
    """A click whose peak is a twelfth of the hum's."""
    buffer, frames = QuietBuffer(), list(room(5))
    for frame in frames[:-1]:
        buffer.push(frame, is_patient=True)
    clap = frames[-1].samples.copy()
    clap[at : at + 400, 0] += np.random.default_rng(2).normal(0, 2.5e-3, 400).astype(np.float32)
    (piece,) = buffer.push(Frame(clap, RATE_HZ), is_patient=True)
    assert len(piece.samples) == 3 * N
    assert len(buffer.push(frames[0], is_patient=True)) == 1, "what follows decides"


def test_a_clap_in_one_channel_is_processed_at_once_beside_a_louder_one() -> None:
    """Which channel is heard is not known here, so each is looked at by itself."""
    buffer, noise = QuietBuffer(), np.random.default_rng(3).normal(0, 0.03, (5, N, 1)).astype(np.float32)
    frames = [np.concatenate([frame.samples, other], axis=1) for frame, other in zip(room(5), noise, strict=True)]
    for samples in frames[:-1]:
        buffer.push(Frame(samples, RATE_HZ), is_patient=True)
    frames[-1][N // 2 : N // 2 + 400, 0] += np.random.default_rng(2).normal(0, 2.5e-3, 400).astype(np.float32)
    (piece,) = buffer.push(Frame(frames[-1], RATE_HZ), is_patient=True)
    assert len(piece.samples) == 3 * N


def test_an_impatient_frame_and_one_after_a_loss_do_not_wait() -> None:
    """Lost sound, and another format, begin a piece of their own."""
    buffer, (first, *frames) = QuietBuffer(), list(room(7))
    for frame in (first, frames[0]):
        assert len(buffer.push(frame, is_patient=True)) == 1
    assert buffer.push(frames[1], is_patient=True) == []
    assert [len(p.samples) for p in buffer.push(frames[2], is_patient=False)] == [2 * N]
    buffer.push(frames[3], is_patient=True)
    pieces = buffer.push(Frame(frames[4].samples, RATE_HZ, lost_samples=7), is_patient=True)
    assert [(len(p.samples), p.lost_samples) for p in pieces] == [(N, 0), (N, 7)]
    buffer.push(frames[5], is_patient=True)
    stereo = Frame(np.repeat(frames[5].samples, 2, axis=1), RATE_HZ)
    assert [p.samples.shape for p in buffer.push(stereo, is_patient=True)] == [(N, 2)]
