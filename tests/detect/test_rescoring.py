"""What is made of an embedding without sound is what was made of the sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.detect.test_profile import enrolled, knock
from tests.peers.claps import Sound, recording

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.detect.clapnet import AFTER, load_clapnet
from claptrap.detect.classifier import ClapClassifier, Classification
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.embedding import Embedding
from claptrap.detect.matching import ProfileMatcher, load_rules
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.profile import Profile
from claptrap.detect.rescoring import Rescorer
from claptrap.detect.yamnet import YamNet, load_yamnet

THRESHOLD = 0.5
APART_S = 2.5  # farther than the recent-clap prior reaches


def sounds() -> Sound:
    return np.concatenate([recording(4, RATE_HZ, spacing_s=APART_S)[0], knock(3, APART_S)[0]])


def both(yamnet: YamNet | None, profile: Profile) -> tuple[list[float], list[float]]:
    """Return the scores of all candidates by the classifier, and by their embeddings."""
    sound = sounds()
    sound = np.pad(sound, (0, -len(sound) % HOP + RATE_HZ // HOP * HOP))
    matcher = ProfileMatcher(profile, load_rules())
    detector, classifier = OnsetDetector(1), ClapClassifier(1, load_clapnet(), load_confirmer(), yamnet, name_sounds=False)
    classifier.apply_profile(0, matcher)
    rescorer = Rescorer(classifier.clapnet, classifier.confirmer)
    slot, none = np.zeros(1, np.int64), np.zeros(1, np.int64)
    rescored: dict[int, float] = {}
    embeddings: dict[int, Embedding] = {}
    classifications: list[Classification] = []
    waiting: list[int] = []
    for at in range(0, len(sound), HOP):
        hop = sound[None, at : at + HOP]
        found = detector.process(slot, hop, none)
        waiting += [candidate.onset for candidate in found]
        classifications += classifier.process(slot, hop, none, found)
        for onset in [onset for onset in waiting if onset + AFTER[-1] <= at + HOP]:
            waiting.remove(onset)
            embeddings[onset] = classifier.embedding(0, onset)
            rescored[onset] = rescorer.score(embeddings[onset], matcher)
    scores = {c.onset: c.score for c in classifications}
    for one in classifications:  # what the models made of it then is what they make of it again
        assert one.layers
        for number, layer in one.layers.items():
            assert np.allclose(embeddings[one.onset].layer(number), layer, atol=1e-4)
    assert set(rescored) == set(scores)
    assert max(scores.values()) > 0.6
    assert min(scores.values()) < 0.1
    if yamnet is not None:  # what was sure at the first look is a clap by the later ones too
        for one in classifications:
            if one.decided == one.onset + AFTER[0] and one.score >= THRESHOLD:
                assert rescored.pop(one.onset) >= THRESHOLD
    order = sorted(rescored)
    return [scores[onset] for onset in order], [rescored[onset] for onset in order]


@pytest.mark.parametrize("with_yamnet", [False, True])
@pytest.mark.parametrize("taught", [False, True])
def test_rescoring_is_scoring(shared: Path, *, with_yamnet: bool, taught: bool) -> None:
    yamnet = load_yamnet(shared / "models" / "yamnet.tflite") if with_yamnet else None
    profile = Profile()
    if taught:
        claps, knocks = enrolled(*recording(3, RATE_HZ), yamnet=yamnet), enrolled(*knock(1), is_clap=False, yamnet=yamnet)
        profile = Profile.of(*claps, *knocks)
    by_sound, by_embedding = both(yamnet, profile)
    assert by_embedding == pytest.approx(by_sound, abs=1e-4)
