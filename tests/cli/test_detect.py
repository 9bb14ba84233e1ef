"""``claptrap detect`` as a person or a script runs it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.peers.claps import Sound, recording
from tests.peers.command import run, start

from claptrap.cli.detect import _text_line
from claptrap.detect.patterns import APPLAUSE, Detection
from claptrap.text.catalogue import SOUNDS, sound_name

pytestmark = pytest.mark.slow  # each test hears a recording

N_CLAPS = 3
FORMS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_24"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
}


def detect_lines(*arguments: str, folder: Path, status: int = 0) -> tuple[list[dict[str, Any]], str]:
    """Return what ``claptrap detect --json`` says, and its stderr."""
    done = run("detect", "--json", *arguments, folder=folder)
    assert done.returncode == status, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def write(path: Path, rate_hz: int = 44_100, channels: int = 1, form: str = "wav", n_claps: int = N_CLAPS) -> list[float]:
    """Write a recording of claps; return where they begin."""
    sound, onsets = recording(n_claps, rate_hz)
    container, subtype = FORMS[form]
    soundfile.write(path, spread(sound, channels), rate_hz, format=container, subtype=subtype)
    return onsets


def spread(sound: Sound, channels: int) -> Sound:
    """Return (n, channels): the same clap in every channel, over different noise."""
    noise = np.random.default_rng(3).normal(0, 1e-4, (len(sound), channels)).astype(np.float32)
    return noise + sound[:, None]


def onsets_of(lines: list[dict[str, Any]], kind: str = "clap") -> list[float]:
    return [line["onset"] for line in lines if line["type"] == kind]


@pytest.mark.parametrize("form", FORMS)
def test_every_format_is_heard(tmp_path: Path, form: str) -> None:
    """WAV, FLAC, MP3, OGG: each clap within 30 ms of where it is (MP3 and its like shift and smear)."""
    onsets = write(tmp_path / f"claps.{form}", 48_000, form=form)
    lines, errors = detect_lines(f"claps.{form}", folder=tmp_path)
    assert onsets_of(lines) == pytest.approx(onsets, abs=0.06 if form in ("mp3", "ogg", "opus") else 0.03)
    assert errors == ""


def test_several_files_at_once_give_what_one_after_the_other_gives(tmp_path: Path) -> None:
    """In the order of the files, whichever is heard first, with the fault of one in its place."""
    write(tmp_path / "long.wav", 48_000, n_claps=6)
    write(tmp_path / "short.wav", 16_000)
    files = ("long.wav", "none.wav", "short.wav")
    one_by_one, at_once = (detect_lines("--jobs", jobs, *files, folder=tmp_path, status=2) for jobs in ("1", "3"))
    assert at_once == one_by_one
    assert [line["file"] for line in at_once[0] if line["type"] == "clap"] == ["long.wav"] * 6 + ["short.wav"] * 3


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_every_rate_is_heard(tmp_path: Path, rate_hz: int) -> None:
    """From a telephone to a studio. At 8 kHz half of a clap is missing, and one may be too."""
    onsets = write(tmp_path / "claps.wav", rate_hz)
    found = onsets_of(detect_lines("claps.wav", folder=tmp_path)[0])
    assert len(found) >= len(onsets) - (rate_hz < 16_000)
    assert all(min(abs(f - onset) for onset in onsets) < 0.03 for f in found)


@pytest.mark.parametrize("channels", [1, 2, 6, 8])
def test_any_number_of_channels_is_heard(tmp_path: Path, channels: int) -> None:
    """Mixed down; the claps stay where they are."""
    onsets = write(tmp_path / "claps.wav", channels=channels)
    assert onsets_of(detect_lines("claps.wav", folder=tmp_path)[0]) == pytest.approx(onsets, abs=0.03)


def test_lines_are_as_documented(tmp_path: Path) -> None:
    """``clap`` lines are all accepted claps, ``detection`` lines what a webhook would get; nothing else on stdout."""
    write(tmp_path / "a b.wav")
    lines, _ = detect_lines("a b.wav", folder=tmp_path)
    claps = [line for line in lines if line["type"] == "clap"]
    detections = [line for line in lines if line["type"] == "detection"]
    assert len(claps) == len(detections) == N_CLAPS
    assert all(set(clap) == {"type", "file", "onset", "decided", "score"} for clap in claps)
    assert all(set(d) == {"type", "file", "onset", "decided", "score", "claps", "labels"} for d in detections)
    for line in lines:
        assert line["file"] == "a b.wav"
        assert line["onset"] < line["decided"] < line["onset"] + 0.5
        assert 0.5 <= line["score"] <= 1
    assert all((d["claps"], d["labels"]) == (1, []) for d in detections)  # no labels without YAMNet


def test_delay_and_threshold_are_those_of_the_service(tmp_path: Path) -> None:
    """The delay thins detections, not claps; a threshold of 1 leaves nothing but certainty."""
    write(tmp_path / "claps.wav")
    lines, _ = detect_lines("--delay", "2", "claps.wav", folder=tmp_path)
    assert (len(onsets_of(lines)), len(onsets_of(lines, "detection"))) == (N_CLAPS, N_CLAPS - 1)
    few = onsets_of(detect_lines("--threshold", "1", "claps.wav", folder=tmp_path)[0])
    many = onsets_of(detect_lines("--threshold", "0.01", "claps.wav", folder=tmp_path)[0])
    assert len(few) < N_CLAPS <= len(many)


def test_silence_has_no_claps(tmp_path: Path) -> None:
    """Nothing heard is a success without a line."""
    soundfile.write(tmp_path / "quiet.wav", np.zeros(32_000), 16_000)
    soundfile.write(tmp_path / "dc.wav", np.full(32_000, 0.5), 16_000)
    assert detect_lines("quiet.wav", "dc.wav", folder=tmp_path) == ([], "")


@pytest.mark.parametrize(("locale", "line"), [("C.UTF-8", "0 claps in 3.2 s"), ("fr_FR.UTF-8", "0 clap en 3,2 s")])
def test_a_file_without_claps_says_so(tmp_path: Path, locale: str, line: str) -> None:
    """Nothing at all would leave open whether anything was heard."""
    soundfile.write(tmp_path / "quiet.wav", np.zeros(51_200), 16_000)
    assert run("detect", "quiet.wav", folder=tmp_path, LC_ALL=locale).stdout == f"quiet.wav: {line}\n"


@pytest.mark.parametrize("form", ["wav", "ogg", "flac"])
def test_standard_input_is_heard(tmp_path: Path, form: str) -> None:
    """From a pipe, which can only be read forward."""
    onsets = write(tmp_path / f"claps.{form}")
    content = (tmp_path / f"claps.{form}").read_bytes()
    done = start("detect", "--json", "-", folder=tmp_path, given=content)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["file"] for line in lines} == {"-"}
    assert onsets_of(lines) == pytest.approx(onsets, abs=0.03)


def test_channels_that_cancel_each_other_are_heard(tmp_path: Path) -> None:
    """A balanced microphone on a stereo jack gives L = −R: their mean is nothing. One channel of many can be chosen."""
    sound, onsets = recording(N_CLAPS, 48_000)
    soundfile.write(tmp_path / "balanced.wav", np.column_stack((sound, -sound)), 48_000)
    soundfile.write(
        tmp_path / "third.wav", np.column_stack((*[np.zeros_like(sound)] * 2, sound, np.zeros_like(sound))), 48_000
    )

    def found(name: str, *options: str) -> list[float]:
        return onsets_of(detect_lines(*options, name, folder=tmp_path)[0])

    assert found("balanced.wav") == pytest.approx(onsets, abs=0.03)
    assert found("balanced.wav", "--channel", "mean") == []
    assert found("third.wav", "--channel", "3") == pytest.approx(onsets, abs=0.03)
    assert found("third.wav", "--channel", "1") == []
    _, error = detect_lines("--channel", "5", "third.wav", folder=tmp_path, status=2)
    assert error == "third.wav: has no channel 5 (channels: 4). Choose another.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", [("detect", "claps.wav"), ("--version",), ("models", "--help")])
def test_output_that_cannot_be_written_is_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A full disk behind ``>`` is no fault of the program, and no traceback."""
    write(tmp_path / "claps.wav")
    with Path("/dev/full").open("w") as full:
        done = start(*arguments, folder=tmp_path, stdout=full)
    assert (done.returncode, done.stderr) == (2, "The output cannot be written: No space left on device.\n")


def test_a_name_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    """Neither escape sequences nor line breaks in a file's name reach it, in output, errors or JSON."""
    name = "a\x1b[2J\nb\x9b\u202ec.wav"
    soundfile.write(tmp_path / name, np.zeros(16_000), 16_000, format="WAV")
    shown = r"a\u001b[2J\u000ab\u009b\u202ec.wav"
    assert run("detect", name, folder=tmp_path).stdout == f"{shown}: 0 claps in 1.0 s\n"
    assert run("detect", f"x{name}", folder=tmp_path).stderr == f"x{shown}: no such file.\n"
    write(tmp_path / f"y{name}")
    lines = run("detect", "--json", f"y{name}", folder=tmp_path).stdout.splitlines()
    assert all(json.loads(line)["file"] == f"y{name}" for line in lines)
    assert not any(mark in line for mark in ("\x1b", "\x9b", "\u202e") for line in lines)


def test_the_same_file_gives_the_same_lines(tmp_path: Path) -> None:
    """Bit for bit, whatever was heard before it."""
    write(tmp_path / "a.wav")
    write(tmp_path / "b.wav", 48_000, 2)
    both = run("detect", "--json", "b.wav", "a.wav", folder=tmp_path).stdout.splitlines()
    alone = run("detect", "--json", "a.wav", folder=tmp_path).stdout.splitlines()
    assert [line for line in both if '"a.wav"' in line] == alone


def test_each_bad_file_is_one_clear_line_and_the_others_are_heard(tmp_path: Path) -> None:
    """Missing, empty, a folder, text, cut: exit status 2, one line each in order, no traceback."""
    onsets = write(tmp_path / "good.wav")
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.mp3").write_text("once upon a time\n" * 500)
    (tmp_path / "folder").mkdir()
    write(tmp_path / "cut.wav")
    (tmp_path / "cut.wav").write_bytes((tmp_path / "cut.wav").read_bytes()[:-150_000])
    bad = ["missing.wav", "empty.wav", "text.mp3", "folder", "cut.wav"]
    lines, errors = detect_lines(*bad[:3], "good.wav", *bad[3:], folder=tmp_path, status=2)
    assert [line.split(":")[0] for line in errors.splitlines()] == bad
    assert "Traceback" not in errors
    assert onsets_of([line for line in lines if line["file"] == "good.wav"]) == pytest.approx(onsets, abs=0.03)
    cut = onsets_of([line for line in lines if line["file"] == "cut.wav"])
    assert cut == pytest.approx(onsets[: len(cut)], abs=0.03)
    assert len(cut) == N_CLAPS - 1  # what there was of it was heard


def test_an_error_is_said_in_the_terminal_s_language(tmp_path: Path) -> None:
    """French where the locale is French; English everywhere else."""
    french = run("detect", "x.wav", folder=tmp_path, LC_ALL="fr_FR.UTF-8")
    english = run("detect", "x.wav", folder=tmp_path, LC_ALL="de_DE.UTF-8")
    assert french.stderr == "x.wav : fichier introuvable.\n"
    assert english.stderr == "x.wav: no such file.\n"
    by_lang = run("detect", "x.wav", folder=tmp_path, LC_ALL="", LC_MESSAGES="", LANG="fr_CA.UTF-8")
    assert by_lang.stderr == french.stderr


def test_words_for_people(tmp_path: Path) -> None:
    """Without ``--json``: a line per clap with minutes and seconds."""
    write(tmp_path / "claps.wav")
    lines = run("detect", "claps.wav", folder=tmp_path).stdout.splitlines()
    assert len(lines) == N_CLAPS
    assert all(line.startswith("claps.wav: 0:0") for line in lines)


@pytest.mark.parametrize(
    "arguments", [(), ("--threshold", "2", "a.wav"), ("--delay", "0", "a.wav"), ("--engine", "x", "a.wav"), ("--nope",)]
)
def test_wrong_use_is_told(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Exit status 2, and what is wrong with the command."""
    done = run("detect", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert "Usage: " in done.stderr
    assert "Error: " in done.stderr
    assert done.stdout == ""


def test_yamnet_must_be_there_where_it_is_asked_for(tmp_path: Path) -> None:
    """``--engine yamnet`` never quietly does without; ``auto`` does."""
    write(tmp_path / "claps.wav")
    done = run("detect", "--engine", "yamnet", "claps.wav", folder=tmp_path)
    assert done.returncode == 2
    assert "YAMNet" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert run("detect", "--engine", "auto", "claps.wav", folder=tmp_path).returncode == 0


def test_with_yamnet_detections_have_labels(tmp_path: Path, shared: Path) -> None:
    """The sounds that YAMNet names, with their scores, loudest first."""
    write(tmp_path / "claps.wav")
    done = run("detect", "--json", "claps.wav", folder=tmp_path, CLAPTRAP_MODELS_DIR=str(shared / "models"))
    assert done.returncode == 0
    detections = [line for line in map(json.loads, done.stdout.splitlines()) if line["type"] == "detection"]
    assert detections
    for detection in detections:
        scores = [score for _, score in detection["labels"]]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
    assert any(detection["labels"] for detection in detections)


def test_sounds_are_named_in_the_terminal_s_language(tmp_path: Path, shared: Path) -> None:
    """French names where the terminal is French; in JSON, which programs read, they stay English."""
    write(tmp_path / "claps.wav")
    models, french = {"CLAPTRAP_MODELS_DIR": str(shared / "models")}, {"LC_ALL": "fr_FR.UTF-8"}
    english = run("detect", "claps.wav", folder=tmp_path, **models).stdout
    found = [
        json.loads(line)
        for line in run("detect", "--json", "claps.wav", folder=tmp_path, **models, **french).stdout.splitlines()
    ]
    labels = [label for line in found if line["type"] == "detection" for label in line["labels"]]
    assert labels
    assert {name for name, _ in labels} <= set(SOUNDS["fr"])
    expected = english
    for name, score in labels:
        expected = expected.replace(f"  {name} {score:.2f}", f"  {sound_name(name, 'fr')} {score:.2f}")
    assert expected != english
    assert run("detect", "claps.wav", folder=tmp_path, **models, **french).stdout == expected


@pytest.mark.parametrize(
    ("locale", "line"),
    [
        ("fr_FR.UTF-8", "a.wav: 0:01.000 👏👏👏 applaudissements  0.90  Applaudissements 0.90  Foule 0.30"),
        ("en_GB.UTF-8", "a.wav: 0:01.000 👏👏👏 applause  0.90  Applause 0.90  Crowd 0.30"),
    ],
)
def test_applause_in_words(monkeypatch: pytest.MonkeyPatch, locale: str, line: str) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    found = Detection(16_000, 18_000, 0.9, 4, ((APPLAUSE, 0.9), ("Crowd", 0.3)), applause=True)
    assert _text_line("a.wav", found) == line


def on_a_terminal(*arguments: str, folder: Path, both: bool = False) -> tuple[str, str]:
    """Run ``claptrap`` with stderr, or both, on a pseudo-terminal; return stdout and what the terminal got."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        while True:
            try:
                shown.append(os.read(ours, 65_536))
            except OSError:  # Linux says EIO when the other side was closed
                return
            if not shown[-1]:
                return

    reader = threading.Thread(target=read, name="test:terminal")
    reader.start()
    done = start(*arguments, folder=folder, stdout=theirs if both else subprocess.PIPE, stderr=theirs, TERM="xterm")
    assert done.returncode == 0
    os.close(theirs)
    reader.join(10)
    os.close(ours)
    return done.stdout, b"".join(shown).decode()


def test_a_progress_bar_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    """It names the file and moves in percent of its length; stdout stays clean; in a pipe there is none."""
    write(tmp_path / "claps.wav", n_claps=20)
    out, shown = on_a_terminal("detect", "--json", "claps.wav", folder=tmp_path)
    assert "claps.wav" in shown
    assert "%" in shown
    assert all(json.loads(line) for line in out.splitlines())
    piped = run("detect", "--json", "claps.wav", folder=tmp_path)
    assert piped.stderr == ""
    assert piped.stdout == out


def test_claps_are_listed_above_the_bar(tmp_path: Path) -> None:
    """Where both go to the same terminal, a clap never stands in the middle of the bar."""
    write(tmp_path / "claps.wav", n_claps=20)
    out, shown = on_a_terminal("detect", "claps.wav", folder=tmp_path, both=True)
    assert out == ""
    claps = [
        line for line in shown.replace("\r\n", "\n").split("\n") if line.rpartition("\r")[2].startswith("claps.wav: 0:")
    ]
    assert len(claps) == 20


def test_a_name_that_is_no_text_can_be_printed(tmp_path: Path) -> None:
    """A file name may hold any bytes; the line about it is UTF-8 in every locale."""
    name = os.fsdecode(b"caf\xe9.wav")
    write(tmp_path / "claps.wav")
    (tmp_path / "claps.wav").rename(tmp_path / name)
    lines, errors = detect_lines(name, folder=tmp_path)
    assert errors == ""
    assert {line["file"] for line in lines} == {"caf\ufffd.wav"}
    strict = start("detect", name, folder=tmp_path, PYTHONIOENCODING="utf-8:strict")
    assert strict.returncode == 0
    assert strict.stdout.startswith("caf\ufffd.wav: 0:01")
