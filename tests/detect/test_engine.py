"""The whole of hearing, with the model that ships: whatever the sound went through, and however it is given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.peers.claps import GOOD, recording

from claptrap.audio.frame import HOP, RATE_HZ, Frame
from claptrap.audio.hopper import Hopper
from claptrap.detect.clapnet import AFTER, StoredWeights, load_clapnet
from claptrap.detect.classifier import APPLAUSE, ClapClassifier, Classification
from claptrap.detect.confirm import EARLY, Confirmer, HeadOutput, load_confirmer
from claptrap.detect.embedding import HEAD_HIDDEN, NET_HIDDEN, POINTS, Embedding
from claptrap.detect.engine import Engine
from claptrap.detect.matching import ProfileMatcher, load_rules
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.patterns import DetectionSettings
from claptrap.detect.profile import Example, Profile
from claptrap.detect.yamnet import YamNet, YamNetOutput, load_yamnet

Sound = NDArray[np.float32]
WISHES = DetectionSettings(0.5, 0.05)
NEAR_S = 0.04


def frames(sound: Sound, rate_hz: int = RATE_HZ, length: int = 4096) -> Iterator[Frame]:
    for at in range(0, len(sound), length):
        yield Frame(sound[at : at + length].reshape(-1, 1).copy(), rate_hz)


def heard(stream: Iterator[Frame], yamnet: YamNet | None = None) -> list[Classification]:
    """Return the claps in a stream of frames."""
    hopper = Hopper()
    engine = Engine(load_clapnet(), load_confirmer(), yamnet, WISHES)
    found = [f for frame in stream for f in engine.process(*hopper.push(frame))]
    found += engine.process(*hopper.finish())
    found += engine.finish()
    return [f for f in found if isinstance(f, Classification)]


def onsets(claps: list[Classification]) -> list[float]:
    return [c.onset / RATE_HZ for c in claps]


def matches(found: list[float], true: list[float]) -> bool:
    return len(found) == len(true) and all(abs(f - t) < NEAR_S for f, t in zip(found, true, strict=True))


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000])
def test_any_rate_is_heard(rate_hz: int) -> None:
    """From telephone to studio, every clap is heard once, at its time."""
    sound, true = recording(4, rate_hz)
    assert matches(onsets(heard(frames(sound, rate_hz))), true)


@pytest.mark.parametrize("seed", range(4))
def test_any_cutting_gives_the_same(seed: int) -> None:
    """Stream = whole: claps, scores and decisions do not depend on how the sound is cut, not even those of quick claps."""
    sound = np.concatenate([recording(3, RATE_HZ)[0], pair(100), pair(120), spoilt(recording(2, RATE_HZ)[0], "noise gate")])
    rng = np.random.default_rng(seed)

    def cut() -> Iterator[Frame]:
        at = 0
        while at < len(sound):
            n = int(rng.integers(1, 3000))
            yield Frame(sound[at : at + n].reshape(-1, 1).copy(), RATE_HZ)
            at += n

    whole, pieces = heard(frames(sound, length=len(sound))), heard(cut())
    assert [(c.onset, c.decided) for c in pieces] == [(c.onset, c.decided) for c in whole] != []
    assert np.allclose([c.score for c in pieces], [c.score for c in whole], atol=1e-4)


def test_live_is_offline_and_rows_never_mix() -> None:
    """Five sources in one batch, hop by hop, are given what each is given alone in a file."""
    sounds = [np.roll(recording(4, RATE_HZ)[0], 333 * i)[: 5 * RATE_HZ // HOP * HOP] for i in range(5)]
    alone = [[(c.onset, c.decided, round(c.score, 3)) for c in heard(frames(s))] for s in sounds]
    assert len({tuple(a) for a in alone}) == 5
    slots, gate, judge = np.array([4, 0, 6, 2, 7]), OnsetDetector(8), ClapClassifier(8, load_clapnet(), load_confirmer())
    rulings: list[Classification] = []
    for at in range(0, len(sounds[0]), HOP):
        hops, none = np.stack([s[at : at + HOP] for s in sounds]), np.zeros(5, np.int64)
        rulings += judge.process(slots, hops, none, gate.process(slots, hops, none))
    rulings += [ruling for slot in slots.tolist() for ruling in judge.finish(slot)]
    live = [
        [(r.onset, r.decided, round(r.score, 3)) for r in rulings if r.slot == slot and r.score >= WISHES.threshold]
        for slot in slots
    ]
    assert live == alone


def test_a_candidate_is_looked_at_with_the_hop_that_completes_its_sound() -> None:
    """Not one later; and what sound is awaited for is known before."""
    sound, slot, none = recording(4, RATE_HZ)[0], np.zeros(1, np.int64), np.zeros(1, np.int64)
    gate, judge = OnsetDetector(1), ClapClassifier(1, load_clapnet(), load_confirmer())
    n_claps, awaited = 0, None
    for heard_until in range(HOP, len(sound), HOP):
        hop = sound[None, heard_until - HOP : heard_until]
        for classification in judge.process(slot, hop, none, gate.process(slot, hop, none)):
            n_claps += classification.score >= WISHES.threshold
            assert classification.decided <= heard_until < classification.decided + HOP
            assert awaited is not None
            assert awaited <= heard_until
        awaited = judge.awaited(0)
    assert n_claps == 4


def test_louder_moves_no_onset() -> None:
    """Twice as loud is the same claps at the same samples."""
    sound, _ = recording(4, RATE_HZ)
    assert [c.onset for c in heard(frames(2 * sound))] == [c.onset for c in heard(frames(sound))] != []


@pytest.mark.parametrize("level", [0.0, 0.4])
def test_silence_and_offset_give_nothing(level: float) -> None:
    """Neither zeros nor a constant is a clap."""
    assert heard(frames(np.full(10 * RATE_HZ, level, np.float32))) == []


def test_steady_noise_gives_nothing() -> None:
    """A minute of noise, and its beginning, is no clap."""
    noise = np.random.default_rng(3).normal(0, 0.05, 60 * RATE_HZ).astype(np.float32)
    assert heard(frames(noise)) == []


def spoilt(sound: Sound, how: str) -> Sound:
    """Return a recording as bad devices give it."""
    out = sound.copy()
    time = np.arange(len(sound)) / RATE_HZ
    if how == "offset":
        out += np.float32(0.3)
    elif how == "clipped":
        out = np.clip(out * 8, -1, 1)
    elif how == "gain steps":
        out *= np.where((time + 0.25).astype(int) % 2, 1.0, 0.25).astype(np.float32)
    elif how == "not a number":
        out[int(1.6 * RATE_HZ) : int(1.7 * RATE_HZ)] = np.nan
        out[int(3.0 * RATE_HZ)] = np.inf
    elif how == "exact zeros":
        out[np.abs(out) < 2e-3] = 0
    elif how == "noise gate":
        out[:] = 0
        for onset in np.arange(1.0, len(sound) / RATE_HZ - 0.1, 1.3):  # where ``recording`` puts its claps
            opened = slice(int((onset - 0.004) * RATE_HZ), int((onset + 0.1) * RATE_HZ))
            out[opened] = sound[opened]
    elif how == "hum":
        out += (0.003 * np.sin(2 * np.pi * 50 * time)).astype(np.float32)
    return out


SPOILS = ("offset", "clipped", "gain steps", "not a number", "exact zeros", "noise gate", "hum")


@pytest.mark.parametrize("how", SPOILS)
def test_spoilt_sound_is_heard_all_the_same(how: str) -> None:
    """Every clap once, and nothing else."""
    sound, true = recording(4, RATE_HZ)
    assert matches(onsets(heard(frames(spoilt(sound, how)))), true)


@pytest.mark.parametrize("level", [1e-5, 6e-5, 1e-4, 2e-4])
def test_a_background_that_a_device_has_gated_costs_no_clap(shared: Path, level: float) -> None:
    """At -80 dBFS, between digital silence and what rooms have, YAMNet took two of eight claps for something else."""
    sound, true = recording(len(GOOD), 44_100)
    room = np.random.default_rng(0).normal(0, 3e-4, len(sound)).astype(np.float32)  # that of ``recording``
    gated = sound - room + np.float32(level / 3e-4) * room
    claps = heard(frames(gated, 44_100), load_yamnet(shared / "models" / "yamnet.tflite"))
    assert matches(onsets(claps), true)
    assert min(clap.score for clap in claps) > 0.9


def test_dropped_blocks_cost_no_more_than_themselves() -> None:
    """A gap is no clap; what follows is heard at its true time."""
    sound, true = recording(4, RATE_HZ)

    def with_gaps() -> Iterator[Frame]:
        lost = 0
        for i, frame in enumerate(frames(sound, length=800)):
            near = any(abs(i * 0.05 - t) < 0.45 for t in true)
            if i % 7 == 3 and not near:
                lost += 800
                continue
            yield Frame(frame.samples, RATE_HZ, lost_samples=lost)
            lost = 0

    assert matches(onsets(heard(with_gaps())), true)


def test_a_clap_in_the_first_200_ms_is_heard() -> None:
    """The stream need not have been going on for long."""
    sound, true = recording(1, RATE_HZ, lead_s=0.12)
    assert matches(onsets(heard(frames(sound))), true)


def pair(gap_ms: int) -> Sound:
    """Return two claps, the first at 1 s."""
    first, _ = recording(1, RATE_HZ)
    return first + np.roll(first, RATE_HZ * gap_ms // 1000) * np.float32(0.9)


@pytest.mark.parametrize("gap_ms", [100, 120, 150, 200, 300])
def test_two_quick_claps_are_two(gap_ms: int) -> None:
    """The embedded model alone tells two claps 100 ms apart from one and its echo."""
    assert matches(onsets(heard(frames(pair(gap_ms)))), [1.0, 1.0 + gap_ms / 1000])


def test_with_yamnet_all_that_is_heard_too(shared: Path) -> None:
    """Quick claps, and every spoilt recording; mains hum even 20 dB below the claps."""
    yamnet = load_yamnet(shared / "models" / "yamnet.tflite")
    for gap_ms in (100, 120, 150, 300):
        assert matches(onsets(heard(frames(pair(gap_ms)), yamnet)), [1.0, 1.0 + gap_ms / 1000]), gap_ms
    sound, true = recording(4, RATE_HZ)
    for how in SPOILS:
        assert matches(onsets(heard(frames(spoilt(sound, how)), yamnet)), true), how
    hum = 0.03 * np.sin(2 * np.pi * 50 * np.arange(len(sound)) / RATE_HZ)
    assert matches(onsets(heard(frames((sound + hum).astype(np.float32)), yamnet)), true)


class ScriptedYamNet:
    """Hears nothing; what is made of it, the next one says."""

    names = tuple("abc")

    def run(self, samples: Sound) -> YamNetOutput:  # noqa: ARG002  # as YAMNet's
        return YamNetOutput((np.arange(APPLAUSE + 1) < 1).astype(np.float32), np.zeros(0, np.float32))


class ScriptedConfirmer(Confirmer):
    """Both heads say the same of everything."""

    def __init__(self, log_odds: float) -> None:
        super().__init__(StoredWeights("confirm.npz"))
        self._log_odds = log_odds

    def head(self, output: YamNetOutput, point: int) -> HeadOutput:  # noqa: ARG002  # as the confirmer's
        return HeadOutput(self._log_odds, np.zeros(HEAD_HIDDEN, np.float32))


@pytest.mark.parametrize(
    ("log_odds", "has_profile", "looks"), [(6.0, False, {0}), (-9.0, False, set()), (6.0, True, {EARLY})], ids=str
)
def test_what_both_models_are_sure_of_at_the_first_look_is_decided_then(
    log_odds: float, has_profile: bool, looks: set[int]
) -> None:
    """With its labels; never against YAMNet, and not where a profile has yet to be asked."""
    example = Example(is_clap=True, embedding=Embedding(np.ones((POINTS, NET_HIDDEN), np.float32), None))
    matcher = ProfileMatcher(Profile.of(*[example] * has_profile), load_rules())
    yamnet = cast("YamNet", ScriptedYamNet())
    engine = Engine(load_clapnet(), ScriptedConfirmer(log_odds), yamnet, WISHES, matcher)
    hops = recording(4, RATE_HZ)[0].reshape(-1, HOP)
    found = [*engine.process(hops, np.zeros(len(hops), np.int64)), *engine.finish()]
    claps = [f for f in found if isinstance(f, Classification)]
    assert {AFTER.index(clap.decided - clap.onset) for clap in claps} == looks
    assert all(clap.labels == (("a", 1.0),) for clap in claps)


def test_slap_backs_are_one_clap() -> None:
    """Strong reflections 25, 45 and 75 ms later are the same clap."""
    sound, _ = recording(1, RATE_HZ)
    echoing = sum(np.roll(sound, int(ms * 16)) * np.float32(g) for ms, g in ((0, 1), (25, 0.6), (45, 0.5), (75, 0.45)))
    assert matches(onsets(heard(frames(np.asarray(echoing, np.float32)))), [1.0])


def test_claps_are_heard_after_five_minutes_of_silence() -> None:
    """Digital silence for long, then a clap."""
    sound, true = recording(1, RATE_HZ)
    assert matches(onsets(heard(frames(np.concatenate([np.zeros(300 * RATE_HZ, np.float32), sound])))), [300 + true[0]])


def test_claps_are_heard_again_within_5_s_of_a_jump_of_the_noise() -> None:
    """A fan 30 dB louder than before starts; claps that stand out of it are heard soon after."""
    rng = np.random.default_rng(5)
    sound, true = recording(6, RATE_HZ, spacing_s=1.0, peak=0.9)
    quiet = rng.normal(0, 1e-4, 5 * RATE_HZ).astype(np.float32)
    fan = (sound + rng.normal(0, 3e-3, len(sound))).astype(np.float32)
    found = onsets(heard(frames(np.concatenate([quiet, fan]))))
    late = [5 + t for t in true if t > 5]
    assert late
    assert all(any(abs(f - t) < NEAR_S for f in found) for t in late)


def test_time_is_true_to_the_sample_after_a_day() -> None:
    """Twenty-four hours of which most were lost: the clap is where it is, at 44.1 kHz too."""
    rate_hz, day_s = 44_100, 24 * 3600
    sound, true = recording(1, rate_hz)
    before = Frame(np.zeros((rate_hz, 1), np.float32), rate_hz)
    after = Frame(sound.reshape(-1, 1), rate_hz, lost_samples=day_s * rate_hz)
    (clap,) = heard(iter([before, after]))
    (reference,) = heard(frames(sound, rate_hz))
    assert abs(clap.onset - reference.onset - (day_s + 1) * RATE_HZ) <= HOP // 4
    assert abs(clap.onset / RATE_HZ - (day_s + 1 + true[0])) < NEAR_S


def test_without_a_late_look_all_is_decided_by_112_ms() -> None:
    """On a machine that is too slow; the claps are still heard."""
    sound, true = recording(4, RATE_HZ)
    slots, lost = np.zeros(1, np.int64), np.zeros(1, np.int64)
    onset_detector, classifier = OnsetDetector(1), ClapClassifier(1, load_clapnet(), load_confirmer())
    classifier.looks_late = False
    found = []
    for at in range(0, len(sound) - HOP + 1, HOP):
        hop = sound[None, at : at + HOP].astype(np.float32)
        found += classifier.process(slots, hop, lost, onset_detector.process(slots, hop, lost))
    assert all(c.decided - c.onset <= AFTER[EARLY] for c in found)
    assert matches([c.onset / RATE_HZ for c in found if c.score >= 0.5], true)
