"""The presets do what the recipes say: one clap says 1, two say 2."""

from __future__ import annotations

import pytest

from claptrap.audio.frame import RATE_HZ
from claptrap.core.spec import SourceSpec
from claptrap.detect.classifier import Classification
from claptrap.detect.patterns import DetectionSettings, Patterns
from claptrap.settings.presets import PATTERN_PRESETS
from claptrap.settings.validation import check

ROWS = ([1.0], [1.0, 1.4], [1.0, 1.4, 1.8])


def counted(spec: SourceSpec, times: list[float]) -> list[int]:
    """Return how many claps each detection of a row of claps has."""
    patterns = Patterns(DetectionSettings(spec.threshold, spec.delay_s, spec.patterns, spec.hears))
    onsets = [round(at_s * RATE_HZ) for at_s in times]
    made = [found for at in onsets for found in patterns.process(Classification(0, at, at + 1792, 0.9)).detections]
    return [detection.claps for detection in (*made, *patterns.finish())]


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("any", [[1], [1], [1, 1]]),
        ("single", [[1], [], []]),
        ("double", [[], [2], []]),
        ("single_and_double", [[1], [2], []]),
    ],
)
def test_one_clap_says_1_and_two_say_2(preset: str, expected: list[list[int]]) -> None:
    """With *any*, each clap says 1 as soon as the delay allows: no recipe that wants two ever runs."""
    source = {"id": "salon", "kind": "microphone", "name": "Salon"}
    patterns = [pattern.whole() for pattern in PATTERN_PRESETS[preset]]
    (spec,) = check({"sources": [{**source, "patterns": patterns}]}).specs()
    assert [counted(spec, times) for times in ROWS] == expected
