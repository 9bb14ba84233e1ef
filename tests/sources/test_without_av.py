"""PyAV may be missing: everything but RTSP works."""

from __future__ import annotations

import subprocess
import sys

WITHOUT = """
import sys
sys.modules["av"] = None  # importing it fails now
import claptrap.service, claptrap.cli.detect
from claptrap.core.errors import SourceError
from claptrap.core.spec import FileInput, RtspInput, SourceSpec
from claptrap.sources.base import StopSignal
from claptrap.sources.pacing import Pacing
from claptrap.sources.registry import Sources
class Sink:
    stop, pacing = StopSignal(), Pacing()
Sources().build(SourceSpec("f", "F", FileInput("a.wav")))
try:
    Sources().build(SourceSpec("r", "R", RtspInput("rtsp://cam/x"))).run(Sink())
except SourceError as error:
    print(error.code, error.retryable)
"""


def test_everything_loads_without_it_and_a_camera_says_what_is_missing() -> None:
    """The reason is told, with what to do."""
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "source.no_av False", done.stderr


def test_it_is_not_loaded_before_it_is_needed() -> None:
    """Who has no camera does not pay for FFmpeg."""
    look = "import sys, claptrap.service; print('av' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "False", done.stderr
