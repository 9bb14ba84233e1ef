"""The watchdog on the sound: hours of faults, judged in milliseconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from claptrap.audio.frame import Frame
from claptrap.runtime import liveness
from claptrap.runtime.liveness import NEVER_OPEN_S, NO_FRAMES_S, ZEROS_S, Liveness, SoundFault
from claptrap.text.catalogue import MESSAGES

RATE_HZ = 8000
RNG = np.random.default_rng(4)
NOISE = RNG.uniform(-0.1, 0.1, (RATE_HZ // 10, 2)).astype(np.float32)
Samples = NDArray[np.float32]


def constant(value: float) -> Samples:
    return np.full_like(NOISE, value)


class Life:
    """A source that gives 100 ms of sound every 100 ms, with a clock that a test may set."""

    def __init__(self, *, opened: bool = True) -> None:
        self.now = 5000.0
        self.liveness = Liveness(self.now)
        if opened:
            self.liveness.opened(self.now)
        self.seen: list[str] = []

    def hear(self, seconds: float, samples: Samples = NOISE, *, every_s: float = 0.1, lost: int = 0) -> Life:
        """Let time pass with a frame every ``every_s``, judging each second."""
        for i in range(round(seconds / every_s)):
            self.now += every_s
            self.liveness.heard(Frame(samples, RATE_HZ, lost), self.now)
            if i % round(1 / every_s) == 0:
                self.check()
        return self.check()

    def wait(self, seconds: int) -> Life:
        """Let time pass without a frame, judging each second."""
        for _ in range(seconds):
            self.now += 1
            self.check()
        return self

    def check(self) -> Life:
        self.found: SoundFault | None = self.liveness.check(self.now)
        self.seen.append(self.found.code if self.found else "")
        return self

    @property
    def code(self) -> str:
        return self.seen[-1]


def test_ordinary_sound_is_never_blamed() -> None:
    """An hour of noise, and of near-silence with one bit of noise, gives no condition."""
    assert set(Life().hear(3600).seen) == {""}
    bit = np.where(NOISE > 0, 1 / 32768, 0).astype(np.float32)
    assert set(Life().hear(600, bit).seen) == {""}


def test_no_frames_for_ten_seconds() -> None:
    """A source that stopped is told after ten seconds, and shall be opened anew."""
    life = Life().hear(60).wait(NO_FRAMES_S - 1)
    assert life.code == ""
    life.wait(1)
    assert (life.code, life.found and life.found.reopen) == ("source.silent", True)
    assert life.hear(1).code == ""


def test_a_source_that_never_delivered_is_told_as_loudly() -> None:
    """Open without sound: as one that stopped. Not even open: the same, once opening has had its time."""
    assert Life().wait(NO_FRAMES_S).code == "source.silent"
    never = Life(opened=False).wait(NEVER_OPEN_S - 1)
    assert never.code == ""
    assert never.wait(1).found == SoundFault("source.silent", {"seconds": NEVER_OPEN_S}, reopen=True)


def test_frames_without_samples_are_no_sound() -> None:
    """A sender that keeps the connection warm with nothing is silent."""
    assert Life().hear(NO_FRAMES_S, NOISE[:0]).code == "source.silent"


def test_exact_zeros_for_a_minute_are_a_warning() -> None:
    """A muted input is told, without opening it anew, and forgiven at the first sample that differs."""
    life = Life().hear(30).hear(ZEROS_S - 1, constant(0))
    assert life.code == ""
    life.hear(2, constant(0))
    assert life.found == SoundFault("source.zeros", {"seconds": ZEROS_S})
    assert life.hear(1).code == ""


@pytest.mark.parametrize(("value", "code"), [(-1.0, "source.constant"), (0.3, "source.constant"), (8 / 32768, "")])
def test_a_stuck_input_is_told_after_ten_seconds(value: float, code: str) -> None:
    """The same value over and over; but A-law's silence, a tiny constant, counts as zeros."""
    life = Life().hear(9, constant(value))
    assert life.code == ""
    assert life.hear(2, constant(value)).code == code


def test_alaw_silence_is_told_as_zeros() -> None:
    """In the end it is a muted input."""
    assert Life().hear(ZEROS_S + 1, constant(8 / 32768)).code == "source.zeros"


def test_flat_frames_of_changing_values_are_not_stuck() -> None:
    """Only the sound as a whole counts, not how it is cut: one sample a frame is flat by nature."""
    life = Life()
    for i in range(3000):
        life.now += 0.1
        life.liveness.heard(Frame(constant(0.1 * (i % 2)), RATE_HZ), life.now)
    assert life.check().code == ""


def test_one_stuck_channel_of_two_is_not_a_stuck_source() -> None:
    """A stereo input with one cable is heard."""
    half = NOISE * np.array([1, 0], np.float32)
    assert set(Life().hear(120, half).seen) == {""}


@pytest.mark.parametrize(
    ("factor", "code"),
    [(0.5, "source.wrong_rate"), (0.93, "source.wrong_rate"), (1.09, "source.wrong_rate"), (0.97, ""), (1.03, "")],
)
def test_a_wrong_rate_is_measured(factor: float, code: str) -> None:
    """More than 5 % too few or too many samples a second are told with the number that comes; less is drift."""
    life = Life().hear(60, every_s=0.1 / factor)
    assert life.code == code
    if life.found:
        assert life.found.params["measured_hz"] == pytest.approx(RATE_HZ * factor, rel=0.02)
        assert not life.found.reopen


def test_a_rate_that_is_mended_is_forgiven() -> None:
    """One good window is enough."""
    life = Life().hear(60, every_s=0.2)
    assert life.code == "source.wrong_rate"
    assert life.hear(45).code == ""


def test_told_losses_are_not_a_wrong_rate() -> None:
    """Half of the packets lost is another fault; one of ten is counted, and no reason to speak."""
    assert Life().hear(60, every_s=0.2, lost=len(NOISE)).found == SoundFault("source.lossy", {"percent": 50})
    life = Life()
    for _ in range(60):
        life.hear(0.9).hear(0.2, every_s=0.2, lost=len(NOISE))
    assert set(life.seen) == {""}


def burst(life: Life) -> None:
    for _ in range(50):
        life.liveness.heard(Frame(NOISE, RATE_HZ), life.now)


def late_then_burst(life: Life) -> None:
    life.wait(5)
    burst(life)


@pytest.mark.parametrize("begin_s", range(0, 41, 4))
@pytest.mark.parametrize("disturb", [late_then_burst, burst])
def test_a_network_that_hesitates_is_not_a_wrong_rate(disturb: Callable[[Life], None], begin_s: int) -> None:
    """Five seconds late, then all at once, wherever in the measurement it falls."""
    life = Life().hear(begin_s)
    disturb(life)
    assert "source.wrong_rate" not in life.hear(100).seen


@pytest.mark.parametrize("jump_s", [3600.0, 12.0, -50.0, -1e6])
def test_a_clock_that_jumps_is_no_fault_of_the_source(jump_s: float) -> None:
    """A suspended laptop, a stopped machine, a clock that goes back: nothing is told."""
    life = Life().hear(45)
    life.now += jump_s
    life.check()
    assert set(life.hear(120).seen) == {""}


def test_a_fault_after_a_jump_is_still_told() -> None:
    """A clock that went back does not blind the watchdog."""
    life = Life().hear(5)
    life.now -= 1000
    assert life.wait(NO_FRAMES_S + 1).code == "source.silent"


def test_a_new_epoch_forgets_no_fault() -> None:
    """A sender that begins a new epoch every second kept the watchdog from ever speaking."""
    for sound, code in ((constant(0), "source.zeros"), (constant(0.5), "source.constant")):
        life = Life()
        for _ in range(ZEROS_S + 5):
            life.hear(1, sound)
            life.liveness.opened(life.now)
        assert life.code == code
    life = Life().hear(30)
    life.wait(NO_FRAMES_S - 1).liveness.opened(life.now)
    assert life.wait(1).code == "source.silent"


def test_a_stream_that_is_hardly_heard_is_said_to_be_so() -> None:
    """One packet a second, each in an epoch of its own, was live, and nobody said a word."""
    life = Life()
    for _ in range(60):
        life.liveness.opened(life.now)
        life.hear(1, every_s=1.0)
    assert life.found == SoundFault("source.lossy", {"percent": 90})
    assert life.hear(60).code == ""


def test_health_is_sound_and_not_an_open_socket() -> None:
    """What counts for the back-off is how long sound came."""
    life = Life().hear(20)
    life.wait(60)
    assert life.liveness.healthy_s == pytest.approx(20)
    assert Life(opened=False).wait(60).liveness.healthy_s == 0


def test_each_condition_has_its_sentence() -> None:
    """What the watchdog finds can be said in both languages."""
    codes = set(re.findall(r'SoundFault\("([a-z_.]+)"', Path(liveness.__file__).read_text(encoding="utf-8")))
    assert codes == {"source.silent", "source.zeros", "source.constant", "source.wrong_rate", "source.lossy"}
    assert codes <= set(MESSAGES["en"])
