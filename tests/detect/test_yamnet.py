"""YAMNet as the judge uses it: it names sound while there is some, is indifferent to loudness, and a bad file is refused."""

from __future__ import annotations

import io
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.peers.claps import recording

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.core.errors import ModelError
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.classifier import (
    LABEL_EVERY,
    LABEL_LEAST_DBFS,
    LABEL_LEAST_SCORE,
    LABEL_MOST,
    LONGEST_BLOCK,
    ClapClassifier,
    SoundLabels,
)
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.yamnet import CLASSES, FEATURES, SAMPLES, YamNet, load_yamnet

Sound = NDArray[np.float32]
HALF_A_SECOND = RATE_HZ // 2


@pytest.fixture(scope="module")
def model(shared: Path) -> Path:
    return shared / "models" / "yamnet.tflite"


@pytest.fixture(scope="module")
def yamnet(model: Path) -> YamNet:
    return load_yamnet(model)


def tone(seconds: float, level: float = 0.1) -> Sound:
    """Return a 440 Hz tone of that peak: YAMNet names it with certainty."""
    return (level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def noise(n: int, level: float) -> Sound:
    """Return n samples of noise whose peak is ``level``."""
    made = np.random.default_rng(1).normal(size=n)
    return (level * made / np.abs(made).max()).astype(np.float32)


def named(yamnet: YamNet, *slots: Sound, name_sounds: bool = True, hops: int = 1) -> list[SoundLabels]:
    """Return what a judge names in rows that are equally long, given ``hops`` hops at a time."""
    judge = ClapClassifier(len(slots), load_clapnet(), load_confirmer(), yamnet, name_sounds=name_sounds)
    numbers, lost = np.arange(len(slots)), np.zeros(len(slots), np.int64)
    sound, told = np.stack(slots), []
    for begin in range(0, sound.shape[1], hops * HOP):
        judge.process(numbers, sound[:, begin : begin + hops * HOP], lost, ())
        told += judge.labels()
    assert judge.labels() == []  # each is told once
    return told


# -- the model --------------------------------------------------------------------------------------------------------------


def test_a_window_has_scores_and_features(yamnet: YamNet) -> None:
    hearing = yamnet.run(tone(2)[:SAMPLES])
    assert len(yamnet.names) == len(set(yamnet.names)) == CLASSES
    assert hearing.scores.shape == (CLASSES,)
    assert hearing.scores.min() >= 0
    assert hearing.scores.max() <= 1
    assert hearing.features.shape == (FEATURES,)
    assert hearing.features.dtype == np.float32
    assert np.isfinite(hearing.features).all()
    assert hearing.features.min() >= 0


def test_different_sounds_have_different_names_and_features(yamnet: YamNet) -> None:
    one, other = yamnet.run(tone(1)[:SAMPLES]), yamnet.run(noise(SAMPLES, 0.1))
    assert yamnet.names[int(one.scores.argmax())] == "Sine wave"
    assert yamnet.names[int(other.scores.argmax())] != "Sine wave"
    for part in (slice(1024), slice(1024, 3072), slice(3072, FEATURES)):  # each of the three layers tells them apart
        assert np.abs(one.features[part] - other.features[part]).max() > 0.5


@pytest.mark.parametrize("gain_db", [6.0, -6.0, 20 * np.log10(2)])
def test_louder_is_heard_alike(yamnet: YamNet, gain_db: float) -> None:
    """Every window's peak is brought to the same, so only rounding is left: far less than a step of the 8-bit layers."""
    claps, onsets = recording(1, RATE_HZ)
    begin = int(onsets[0] * RATE_HZ) - SAMPLES // 2
    gain = np.float32(10 ** (gain_db / 20))
    for window in (claps[begin : begin + SAMPLES], noise(SAMPLES, 0.1), tone(1)[:SAMPLES]):
        plain, louder = yamnet.run(window), yamnet.run(gain * window)
        differ = plain.features != louder.features
        assert np.count_nonzero(differ) <= FEATURES // 100
        assert np.abs(plain.features - louder.features).max() < 0.05
        assert np.abs(plain.scores - louder.scores).max() < 0.01


# -- naming -----------------------------------------------------------------------------------------------------------------


def test_who_names_a_few_at_a_time_names_every_row_in_turn(yamnet: YamNet) -> None:
    """Rows that begin together are due together: they wait for each other and not all claps for all of them."""
    judge = ClapClassifier(3, load_clapnet(), load_confirmer(), yamnet)
    slots, lost, sound = np.arange(3), np.zeros(3, np.int64), np.stack([tone(5)] * 3)
    told = []
    for begin in range(0, sound.shape[1], HOP):
        judge.process(slots, sound[:, begin : begin + HOP], lost, ())
        assert judge.labels(0) == []
        told.append(judge.labels(1))
    assert max(len(at_once) for at_once in told) == 1
    named_rows = [sounds.slot for at_once in told for sounds in at_once]
    assert named_rows == [0, 1, 2] * (len(named_rows) // 3)
    assert len(named_rows) == 3 * (5 * RATE_HZ // LABEL_EVERY)


def test_a_row_that_waited_too_long_is_named_from_now_on(yamnet: YamNet) -> None:
    """What is further back than its memory reaches is given up, as what was lost is."""
    judge = ClapClassifier(1, load_clapnet(), load_confirmer(), yamnet)
    sound = tone(10)[None]
    for begin in range(0, sound.shape[1], HOP):
        judge.process(np.arange(1), sound[:, begin : begin + HOP], np.zeros(1, np.int64), ())
    assert [sounds.at >= sound.shape[1] - LONGEST_BLOCK for sounds in judge.labels()] == [True, True]


def test_silence_has_no_name(yamnet: YamNet) -> None:
    """Neither has what is below the least level, nor a microphone's offset."""
    faint = noise(3 * RATE_HZ, 0.9 * 10 ** (LABEL_LEAST_DBFS / 20))
    offset = np.full(3 * RATE_HZ, 0.2, np.float32)
    offset[:SAMPLES] = np.linspace(0, 0.2, SAMPLES)  # a step would be a sound
    told = named(yamnet, silence(3), faint, offset, tone(3))
    assert {sounds.slot for sounds in told if sounds.at > 2 * SAMPLES} == {3}
    assert {sounds.slot for sounds in told} <= {2, 3}


@pytest.mark.parametrize("hops", [1, 7, 50])
def test_a_sound_is_named_at_least_twice_a_second_while_it_lasts(yamnet: YamNet, hops: int) -> None:
    """From half a second after its beginning to its end, however the sound is cut; and not for long after it."""
    begin, end = 2 * RATE_HZ, 7 * RATE_HZ
    told = named(yamnet, np.concatenate([silence(2), tone(5), silence(2)]), hops=hops)
    inside = [sounds.at for sounds in told if sounds.labels and begin < sounds.at <= end]
    assert all(later - earlier <= HALF_A_SECOND for earlier, later in pairwise([begin, *inside, end]))
    assert all(begin < sounds.at < end + SAMPLES for sounds in told)
    full = [sounds for sounds in told if begin + SAMPLES <= sounds.at <= end]
    assert all(sounds.labels[0][0] == "Sine wave" for sounds in full)


def test_rows_are_named_apart(yamnet: YamNet) -> None:
    """Each as it is alone; the first second, where a window also holds what was before, is passed over."""
    told = [sounds for sounds in named(yamnet, tone(3), silence(3), noise(3 * RATE_HZ, 0.1)) if sounds.at > SAMPLES]
    tops = {slot: {sounds.labels[0][0] for sounds in told if sounds.slot == slot and sounds.labels} for slot in range(3)}
    assert tops[0] == {"Sine wave"}
    assert tops[1] == set()
    assert tops[2]
    assert "Sine wave" not in tops[2]


def test_names_come_best_first_and_few(yamnet: YamNet) -> None:
    told = named(yamnet, noise(3 * RATE_HZ, 0.1) + recording(2, RATE_HZ)[0][: 3 * RATE_HZ])
    assert any(len(sounds.labels) > 1 for sounds in told)
    for sounds in told:
        scores = [score for _, score in sounds.labels]
        assert scores == sorted(scores, reverse=True)
        assert all(LABEL_LEAST_SCORE - 0.0005 <= score <= 1 for score in scores)  # they are rounded to thousandths
        assert len(scores) <= LABEL_MOST
        assert {name for name, _ in sounds.labels} <= set(yamnet.names)


def test_who_wants_no_names_gets_none(yamnet: YamNet) -> None:
    assert named(yamnet, tone(3), name_sounds=False) == []


# -- bad files --------------------------------------------------------------------------------------------------------------


def packed(**texts: str) -> bytes:
    """Return a zip of text files, ``NAME_txt`` for ``NAME.txt``."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for name, text in texts.items():
            zipped.writestr(name.replace("_txt", ".txt"), text)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"once upon a time\n" * 500,
        packed(other_txt="Speech"),
        packed(yamnet_label_list_txt="Speech\nMusic"),
        packed(yamnet_label_list_txt="\n".join(map(str, range(CLASSES)))),
    ],
    ids=["empty", "text", "no names", "few names", "names alone"],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "yamnet.tflite"
    file.write_bytes(content)
    refused(file)


@pytest.mark.parametrize("kind", ["cut", "halved", "zeroed", "overwritten", "renamed layer"])
def test_a_damaged_model_is_refused(tmp_path: Path, model: Path, kind: str) -> None:
    content = model.read_bytes()
    damaged = {
        "cut": content[:-1000],
        "halved": content[: len(content) // 2],
        "zeroed": bytes(len(content) - 20_000) + content[-20_000:],
        "overwritten": b"\xff" * 1000 + content[1000:],
        "renamed layer": content.replace(b"layer9/conv/Conv2D", b"layer0/conv/Conv2D"),
    }[kind]
    file = tmp_path / "yamnet.tflite"
    file.write_bytes(damaged)
    refused(file)


def refused(file: Path) -> None:
    with pytest.raises(ModelError) as caught:
        load_yamnet(file)
    assert caught.value.code == "model.unusable"
    assert caught.value.params["path"] == str(file)
    assert caught.value.params["reason"]


def test_a_file_that_cannot_be_read_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        load_yamnet(tmp_path / "missing.tflite")
    assert caught.value.code == "model.unreadable"
