"""Profiles: what they change and what they do not, how they are kept, and which are refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.peers.claps import recording

from claptrap.audio.frame import HOP, RATE_HZ, Frame
from claptrap.audio.hopper import Hopper
from claptrap.core.errors import InputError
from claptrap.detect.clapnet import load_clapnet, load_weights
from claptrap.detect.classifier import ClapClassifier, Classification
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.embedding import models_version
from claptrap.detect.engine import Engine
from claptrap.detect.enrolment import Enroller, Refusal
from claptrap.detect.matching import COMPARED, ProfileMatcher, load_rules
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.patterns import DetectionSettings
from claptrap.detect.profile import (
    MOST_BYTES,
    MOST_EXAMPLES,
    Example,
    Profile,
    parse,
    read_profile,
    serialized,
)
from claptrap.detect.yamnet import YamNet, load_yamnet

Sound = NDArray[np.float32]
EVERY_CANDIDATE = DetectionSettings(0.0, 0.05)


def knock(n: int = 1, spacing_s: float = 1.3) -> tuple[Sound, list[float]]:
    """Return knocks on wood, dull and long, over faint noise, and when they begin."""
    rng = np.random.default_rng(7)
    sound = rng.normal(0, 1e-4, round((n * spacing_s + 1.5) * RATE_HZ)).astype(np.float32)
    time = np.arange(RATE_HZ // 5) / RATE_HZ
    onsets = [1.0 + i * spacing_s for i in range(n)]
    for onset in onsets:
        body = sum(np.sin(2 * np.pi * f * time) * np.exp(-time * d) for f, d in ((330, 60), (890, 90), (1900, 200)))
        at = round(onset * RATE_HZ)
        sound[at : at + len(time)] += (0.15 * body * (1 + 0.02 * rng.normal())).astype(np.float32)
    return sound, onsets


def enrolled(sound: Sound, onsets: Iterable[float], *, is_clap: bool = True, yamnet: YamNet | None = None) -> list[Example]:
    """Return the examples of a recording; none may be refused."""
    enroller = Enroller(load_clapnet(), load_confirmer(), yamnet)
    made = [enroller.example(sound, round(onset * RATE_HZ), is_clap=is_clap, note=f"{onset:.2f} s") for onset in onsets]
    assert all(isinstance(example, Example) for example in made), made
    return [example for example in made if isinstance(example, Example)]


def scores(sound: Sound, profile: Profile | None, yamnet: YamNet | None = None) -> list[tuple[int, int, float]]:
    """Return onset, decision and score of every candidate of a recording."""
    matcher = None if profile is None else ProfileMatcher(profile, load_rules())
    engine = Engine(load_clapnet(), load_confirmer(), yamnet, EVERY_CANDIDATE, matcher)
    hopper = Hopper()
    found = [*engine.process(*hopper.push(Frame(sound.reshape(-1, 1).copy(), RATE_HZ))), *engine.process(*hopper.finish())]
    found += engine.finish()
    return [(f.onset, f.decided, f.score) for f in found if isinstance(f, Classification)]


@pytest.fixture(scope="module")
def claps() -> tuple[Sound, list[float]]:
    return recording(5, RATE_HZ)


@pytest.fixture(scope="module")
def profile(claps: tuple[Sound, list[float]]) -> Profile:
    return Profile.of(*enrolled(*claps))


@pytest.fixture(scope="module")
def yamnet(shared: Path) -> YamNet:
    return load_yamnet(shared / "models" / "yamnet.tflite")


def test_an_empty_profile_changes_nothing(claps: tuple[Sound, list[float]], yamnet: YamNet) -> None:
    sound = np.concatenate([claps[0], knock(3)[0]])
    assert scores(sound, Profile()) == scores(sound, None) != []
    assert scores(sound, Profile(), yamnet) == scores(sound, None, yamnet) != []


def test_the_order_of_examples_does_not_matter(claps: tuple[Sound, list[float]], profile: Profile) -> None:
    examples = [*profile.examples, *enrolled(*knock(2), is_clap=False)]
    forth, back = Profile.of(*examples), Profile.of(*reversed(examples))
    assert serialized(forth) == serialized(back)
    assert scores(claps[0], forth) == scores(claps[0], back)


def test_the_last_word_on_a_sound_counts(profile: Profile) -> None:
    first = profile.examples[0]
    again = profile.adding(Example(not first.is_clap, first.embedding))
    assert len(again.examples) == len(profile.examples)
    assert again.n_claps == profile.n_claps - 1
    assert first.id not in {example.id for example in again.without(first.id).examples}


@pytest.mark.parametrize("with_yamnet", [False, True])
def test_live_is_offline(claps: tuple[Sound, list[float]], yamnet: YamNet, *, with_yamnet: bool) -> None:
    """Hop by hop beside another slot that has no profile: what the profile makes of the whole in a file."""
    model = yamnet if with_yamnet else None
    sound = np.concatenate([claps[0], knock(3)[0]])
    sound = sound[: len(sound) // HOP * HOP]
    taught = Profile.of(*enrolled(*claps, yamnet=model)[:3], *enrolled(*knock(1), is_clap=False, yamnet=model))
    whole = {slot: scores(sound, known, model) for slot, known in ((1, taught), (2, None))}
    slots, none = np.array([1, 2]), np.zeros(2, np.int64)
    detector, classifier = OnsetDetector(3), ClapClassifier(3, load_clapnet(), load_confirmer(), model, name_sounds=False)
    classifier.apply_profile(1, ProfileMatcher(taught, load_rules()))
    live: list[Classification] = []
    for at in range(0, len(sound), HOP):
        hops = np.stack([sound[at : at + HOP]] * 2)
        live += classifier.process(slots, hops, none, detector.process(slots, hops, none))
    live += [found for slot in (1, 2) for found in classifier.finish(slot)]
    assert whole[1] != whole[2]
    for slot in (1, 2):
        given = [(c.onset, c.decided) for c in live if c.slot == slot]
        kept = [(onset, decided) for onset, decided, _ in whole[slot]]
        assert [pair for pair in given if pair in kept] == kept  # echoes are no findings of a file
        by_onset = {c.onset: c.score for c in live if c.slot == slot}
        assert np.allclose([score for *_, score in whole[slot]], [by_onset[onset] for onset, *_ in whole[slot]], atol=1e-4)


def test_a_mark_lowers_what_sounds_like_it_and_hardly_claps(claps: tuple[Sound, list[float]]) -> None:
    """A knock that was marked takes the score of the next knocks; the claps stay claps."""
    sound, onsets = knock(4)
    marked = Profile.of(*enrolled(sound, onsets[:1], is_clap=False))
    before, after = scores(sound, None), scores(sound, marked)
    assert len(before) == len(after) >= 4
    assert all(new <= old for (*_, old), (*_, new) in zip(before, after, strict=True))
    assert sum(new for *_, new in after) < 0.8 * sum(old for *_, old in before)
    assert all(
        new >= 0.5
        for (*_, old), (*_, new) in zip(scores(claps[0], None), scores(claps[0], marked), strict=True)
        if old >= 0.5
    )


@pytest.mark.parametrize("n", [1, 2, 5, 8, 40])
def test_likeness_to_given_claps_raises_scores_and_never_lowers_them(n: int) -> None:
    """The rules that ship, at every decision: more alike is more likely, and so is what the models find more likely."""
    for decision, rule in zip(COMPARED, load_rules().decisions, strict=True):
        weights = rule.weights_for(n)
        by_likeness = np.array(
            [
                [weights.log_odds(odds, [likeness] * 2 * len(decision)) for odds in np.linspace(-6, 6, 25)]
                for likeness in np.linspace(-0.2, 1, 13)
            ]
        )
        assert (np.diff(by_likeness, axis=0) >= 0).all()
        assert (np.diff(by_likeness, axis=1) >= 0).all()
        assert rule.decisive[0] < 0 < rule.decisive[1]
        assert weights.log_odds(6.0, [-1.0] * 2 * len(decision)) > 0  # a stranger who is clearly heard


def test_the_rules_were_learnt_from_the_models_that_ship() -> None:
    """New heads or a new embedded model need new rules: ``python -m training.profiles``."""
    assert str(load_weights("profile.npz")["models"]) == models_version()


def test_enrolment_refuses_what_is_no_clap_and_says_why(claps: tuple[Sound, list[float]]) -> None:
    sound, onsets = claps
    enroller = Enroller(load_clapnet(), load_confirmer(), None)
    at = round(onsets[1] * RATE_HZ)

    def outcome(changed: Sound, onset: int = at) -> object:
        made = enroller.example(changed.astype(np.float32), onset, is_clap=True)
        return made if isinstance(made, Refusal) else None

    assert outcome(sound) is None
    assert outcome(sound, at + RATE_HZ // 2) is Refusal.NO_ONSET
    assert outcome(np.zeros_like(sound)) is Refusal.NO_ONSET
    assert outcome(sound * 0.003) is Refusal.TOO_QUIET
    assert outcome(np.clip(sound * 60, -1, 1)) is Refusal.CLIPPED
    echoing = sound + 0.4 * np.roll(sound, round(0.06 * RATE_HZ))
    assert outcome(echoing, at + round(0.06 * RATE_HZ) + 40) is Refusal.ECHO
    thump, knocks = knock(1)
    assert outcome(thump, round(knocks[0] * RATE_HZ)) is Refusal.NOT_A_CLAP


def test_a_profile_survives_its_file(
    tmp_path: Path, profile: Profile, claps: tuple[Sound, list[float]], yamnet: YamNet
) -> None:
    both = profile.adding(*enrolled(*knock(2), is_clap=False, yamnet=yamnet))
    (tmp_path / "a.profile").write_bytes(serialized(both))
    again = read_profile(tmp_path / "a.profile")
    assert serialized(again) == serialized(both)
    assert [(e.id, e.is_clap, e.note) for e in again.examples] == [(e.id, e.is_clap, e.note) for e in both.examples]
    assert np.allclose(scores(claps[0], again), scores(claps[0], both), atol=2e-3)  # kept in 16 bits


def changed(profile: Profile, **values: Any) -> bytes:
    return json.dumps({**profile.to_json(), **values}).encode()


def test_what_is_no_profile_is_refused(profile: Profile, tmp_path: Path) -> None:
    example = profile.to_json()["examples"][0]
    for content, code in (
        (b"", "profile.damaged"),
        (b"[1, 2", "profile.damaged"),
        (b"[]", "profile.damaged"),
        (b"[" * 100_000, "profile.damaged"),
        (serialized(profile)[:-40], "profile.damaged"),
        (b" " * (MOST_BYTES + 1), "profile.damaged"),
        (changed(profile, version=2), "profile.newer"),
        (changed(profile, models="0123456789abcdef"), "profile.other_models"),
        (changed(profile, examples=None), "profile.damaged"),
        (changed(profile, examples=[{**example, "clap": 1}]), "profile.damaged"),
        (changed(profile, examples=[{**example, "net": example["net"][:-8]}]), "profile.damaged"),
        (changed(profile, examples=[{**example, "net": "AAA"}]), "profile.damaged"),
        (changed(profile, examples=[{**example, "yamnet": 5}]), "profile.damaged"),
        (changed(profile, examples=[{**example, "note": "x" * 301}]), "profile.damaged"),
        (changed(profile, examples=[example] * (2 * MOST_EXAMPLES + 1)), "profile.too_many"),
    ):
        with pytest.raises(InputError) as caught:
            parse(content)
        assert caught.value.code == code, content[:60]
    with pytest.raises(InputError) as caught:
        read_profile(tmp_path / "none.profile")
    assert caught.value.code == "profile.unreadable"


def test_a_profile_is_bounded(profile: Profile) -> None:
    """No more than 200 claps; a full one still fits into the file that is read."""
    rng = np.random.default_rng(1)
    template = profile.examples[0].embedding

    def noisy(*, is_clap: bool) -> Example:
        embedding = type(template)(
            template.net + rng.normal(size=template.net.shape).astype(np.float32), np.ones((2, 96), np.float32)
        )
        return Example(is_clap, embedding, "n" * 300)

    full = Profile.of(*(noisy(is_clap=i % 2 == 0) for i in range(2 * MOST_EXAMPLES)))
    assert len(serialized(full)) <= MOST_BYTES
    with pytest.raises(InputError) as caught:
        full.adding(noisy(is_clap=True))
    assert caught.value.code == "profile.too_many"
