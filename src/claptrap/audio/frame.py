"""The frame: samples as received. And the canonical format of hops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000  # the canonical rate, YAMNet's own
HOP = 320  # samples of one hop: 20 ms
HOP_S = HOP / RATE_HZ


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Consecutive samples as received: native rate, native channels, any length.

    The samples belong to the frame: its maker must not write to them afterwards, and the frame gives a read-only view.

    Attributes:
        samples: float32, shape (n, channels), nominally in [-1, 1]; n may be 0.
        rate_hz: samples per second and channel.
        lost_samples: samples per channel known to be missing just before this frame; 1 where the amount is unknown,
            0 where the frame follows the one before it without a seam.

    Raises:
        ValueError: another shape or type, no channel, a rate ≤ 0 or a negative loss.
    """

    samples: NDArray[np.float32]
    rate_hz: int
    lost_samples: int = 0

    def __post_init__(self) -> None:
        shape, kind = self.samples.shape, self.samples.dtype
        if len(shape) != 2 or not shape[1] or kind != np.float32:
            raise ValueError(f"a frame has float32 samples of shape (n, channels), not {kind} {shape}")
        if self.rate_hz <= 0 or self.lost_samples < 0:
            raise ValueError(f"a frame has a rate above 0 and no negative loss, not {self.rate_hz} and {self.lost_samples}")
        view = self.samples.view()
        view.flags.writeable = False
        object.__setattr__(self, "samples", view)
