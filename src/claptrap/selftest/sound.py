"""From samples to claps to a webhook, with claps made by arithmetic."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.claps import recording
from claptrap.audio.frame import RATE_HZ, Frame
from claptrap.audio.hopper import Hopper
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.engine import Engine, Finding
from claptrap.detect.patterns import Detection, DetectionSettings
from claptrap.selftest.case import Case, CaseContext, expect
from claptrap.selftest.receiver import Receiver
from claptrap.service import Application

AREA = "sound"
N_CLAPS = 3
NATIVE_HZ = 48_000
NEAR_S = 0.08


def _heard(sound: NDArray[np.float32], wishes: DetectionSettings) -> list[Finding]:
    engine, hopper = Engine(load_clapnet(), load_confirmer(), None, wishes), Hopper()
    first = list(engine.process(*hopper.push(Frame(sound.reshape(-1, 1), NATIVE_HZ))))
    return [*first, *engine.process(*hopper.finish()), *engine.finish()]


def _claps(_: CaseContext) -> None:
    sound, onsets = recording(N_CLAPS, NATIVE_HZ)
    found = [one for one in _heard(sound, DetectionSettings(0.5, 0.5)) if isinstance(one, Detection)]
    expect("claps that are heard", len(found), N_CLAPS)
    near = [abs(one.onset / RATE_HZ - onset) < NEAR_S for one, onset in zip(found, onsets, strict=True)]
    expect("whether each is where it begins", near, [True] * N_CLAPS)


def _silence(_: CaseContext) -> None:
    rng = np.random.default_rng(0)
    for about, sound in (("silence", np.zeros(3 * NATIVE_HZ)), ("faint noise", rng.normal(0, 3e-4, 3 * NATIVE_HZ))):
        expect(f"claps in {about}", _heard(sound.astype(np.float32), DetectionSettings(0.5, 0.5)), [])


def _delay(_: CaseContext) -> None:
    sound, _onsets = recording(N_CLAPS, NATIVE_HZ, spacing_s=1.0)
    found = [one for one in _heard(sound, DetectionSettings(0.5, 10.0)) if isinstance(one, Detection)]
    expect("detections within the delay", len(found), 1)


def _threshold(_: CaseContext) -> None:
    sound, _onsets = recording(N_CLAPS, NATIVE_HZ)
    for threshold in (0.0, 0.5, 0.9, 1.0):
        scores = [one.score for one in _heard(sound, DetectionSettings(threshold, 0.5))]
        expect(f"whether all scores are within [{threshold}, 1]", all(threshold <= score <= 1 for score in scores), True)


def _to_webhook(bench: CaseContext) -> None:
    sound, _onsets = recording(1, NATIVE_HZ)
    path = bench.folder / "clap.wav"
    _write(path, sound)
    with Receiver() as receiver:
        source = {
            "id": "test",
            "kind": "file",
            "name": "Test",
            "input": {"path": str(path)},
            "webhooks": [{"id": "w", "url": receiver.url}],
        }
        data = bench.folder / "data"
        data.mkdir()
        (data / "settings.json").write_text(json.dumps({"version": 3, "sources": [source]}), "utf-8")
        service = Application(data)
        service.start()
        try:
            bench.wait_for("a webhook call", lambda: receiver.posts)
        finally:
            service.stop()
        body = receiver.posts[0].body
    expect("the source in the webhook", (body["source"], body["source_name"]), ("file", "Test"))
    expect("whether the score is within [0.5, 1]", 0.5 <= body["score"] <= 1, True)


def _write(path: Path, sound: NDArray[np.float32]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(NATIVE_HZ)
        file.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())


CASES = (
    Case(AREA, "claps", _claps),
    Case(AREA, "silence", _silence),
    Case(AREA, "score", _threshold),
    Case(AREA, "pause", _delay),
    Case(AREA, "to_webhook", _to_webhook),
)
