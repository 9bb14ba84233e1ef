"""``claptrap profile`` and ``claptrap detect --profile`` as a person runs them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.cli.test_detect import detect_lines
from tests.peers.claps import recording
from tests.peers.command import run

pytestmark = pytest.mark.slow  # each test hears a recording


def write_examples(folder: Path) -> list[float]:
    """Write ``claps.wav`` and ``examples.jsonl``: its claps, and a place where nothing begins."""
    sound, onsets = recording(4, 44_100)
    soundfile.write(folder / "claps.wav", sound, 44_100)
    lines = [{"file": "claps.wav", "onset": onset, "clap": True} for onset in (*onsets, onsets[0] + 0.6)]
    (folder / "examples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return onsets


def learn(folder: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run("profile", "learn", "examples.jsonl", "--output", "here.profile", *more, folder=folder, **environment)


def test_examples_become_a_profile_that_detect_uses(tmp_path: Path) -> None:
    """Four claps are learnt, the fifth line is refused with a reason; they are heard with it too."""
    onsets = write_examples(tmp_path)
    done = learn(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "here.profile: 4 claps, 0 other sounds.\n"
    assert "claps.wav 1.60 s: Refused: no sound begins there." in done.stderr
    shown = run("profile", "show", "here.profile", folder=tmp_path).stdout.splitlines()
    assert shown[0].startswith("4 claps, 0 other sounds; 4 of them learnt without YAMNet")
    assert len(shown) == 5
    assert all("  clap  " in line and "claps.wav" in line for line in shown[1:])
    plain, _ = detect_lines("claps.wav", folder=tmp_path)
    with_it, _ = detect_lines("--profile", "here.profile", "claps.wav", folder=tmp_path)
    assert [c["onset"] for c in with_it if c["type"] == "clap"] == pytest.approx(onsets, abs=0.03)
    assert [c["score"] for c in with_it] != [c["score"] for c in plain]


def test_where_yamnet_is_it_learns_too(tmp_path: Path, shared: Path) -> None:
    write_examples(tmp_path)
    models = {"CLAPTRAP_MODELS_DIR": str(shared / "models")}
    assert learn(tmp_path, **models).returncode == 0
    shown = run("profile", "show", "here.profile", folder=tmp_path).stdout
    assert shown.startswith("4 claps, 0 other sounds; 0 of them learnt without YAMNet")
    lines, _ = detect_lines("--profile", "here.profile", "claps.wav", folder=tmp_path)
    assert len([c for c in lines if c["type"] == "clap"]) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"file": "claps.wav", "onset": "x", "clap": true}', "Line 1 is not an example."),
        ('{"file": "claps.wav", "onset": 1}', "Line 1 is not an example."),
        ("no", "Line 1 is not an example."),
        ('{"file": "none.wav", "onset": 1, "clap": true}', "none.wav: no such file."),
    ],
)
def test_what_cannot_be_learnt_from_is_said(tmp_path: Path, text: str, said: str) -> None:
    """Exit status 2, and no profile is written."""
    write_examples(tmp_path)
    (tmp_path / "examples.jsonl").write_text(text + "\n")
    done = learn(tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "here.profile").exists()


def test_where_all_is_refused_nothing_is_learnt(tmp_path: Path) -> None:
    """The reasons are said; the profile is empty."""
    write_examples(tmp_path)
    (tmp_path / "examples.jsonl").write_text('{"file": "claps.wav", "onset": 0.2, "clap": true}\n')
    done = learn(tmp_path)
    assert (done.returncode, done.stdout) == (0, "here.profile: 0 claps, 0 other sounds.\n")
    assert done.stderr == "claps.wav 0.20 s: Refused: no sound begins there.\n"


def test_a_profile_of_other_models_is_refused(tmp_path: Path) -> None:
    """In words, in the terminal's language; nothing is heard with it."""
    write_examples(tmp_path)
    learn(tmp_path)
    path = tmp_path / "here.profile"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "models": "0" * 16}))
    done = run("detect", "--profile", "here.profile", "claps.wav", folder=tmp_path)
    assert done.returncode == 2
    assert "belongs to other models" in done.stderr
    assert done.stdout == ""
    french = run("profile", "show", "here.profile", folder=tmp_path, LC_ALL="fr_FR.UTF-8")
    assert "autres modèles" in french.stderr


def test_no_examples_make_an_empty_profile_that_changes_nothing(tmp_path: Path) -> None:
    write_examples(tmp_path)
    (tmp_path / "examples.jsonl").write_text("\n")
    assert learn(tmp_path).returncode == 0
    soundfile.write(tmp_path / "more.wav", np.tile(recording(3, 16_000)[0], 2), 16_000)
    assert detect_lines("--profile", "here.profile", "more.wav", folder=tmp_path) == detect_lines(
        "more.wav", folder=tmp_path
    )
