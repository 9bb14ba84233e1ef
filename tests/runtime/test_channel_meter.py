"""The channel meter: which channel hears a clap best, and when it does not say."""

from __future__ import annotations

import numpy as np
import pytest
from tests.peers.claps import recording

from claptrap.audio.frame import Frame
from claptrap.audio.hopper import Hopper
from claptrap.runtime.channel_meter import HEARD, ChannelMeter


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_a_clap_rises_in_the_channel_that_hears_it(rate_hz: int) -> None:
    """The first channel has more noise than clap, the third is overloaded; the mean is between, and is what is heard."""
    sound, (onset,) = recording(1, rate_hz)
    noise = np.random.default_rng(1).normal(0, 0.05, (2, len(sound))).astype(np.float32)
    samples = np.stack([sound * 0.1 + noise[0], sound + noise[1] * 0.01, np.sign(sound + 1e-9)], axis=1)
    meter = ChannelMeter()
    hopper = Hopper("mean", meter)
    for begin in range(0, len(samples), 1000):
        hopper.push(Frame(np.ascontiguousarray(samples[begin : begin + 1000]), rate_hz))
    assert meter.rises(round(onset * 16_000)) == {}  # it is not asked to remember yet
    meter.switch(is_on=True)
    hopper = Hopper("mean", meter)
    for begin in range(0, len(samples), 1000):
        hopper.push(Frame(np.ascontiguousarray(samples[begin : begin + 1000]), rate_hz))
    rises = meter.rises(round(onset * 16_000))
    assert rises.keys() == {"1", "2", "mean", HEARD}
    assert rises["2"] > 30
    assert rises["2"] > rises["mean"] + 3 > rises["1"]
    assert rises[HEARD] == pytest.approx(rises["mean"])
    assert meter.rises(round(onset * 16_000) + 16_000 * 60) == {}  # it has not been heard
    meter.switch(is_on=False)
    assert meter.rises(round(onset * 16_000)) == {}
