"""From rulings to detections: one source's threshold, its echoes, its delay. Time is an argument, in samples."""

from __future__ import annotations

from dataclasses import dataclass

from claptrap.audio.frame import RATE_HZ
from claptrap.core.events import Labels
from claptrap.detect.judge import Ruling

ECHO_S = 0.085  # reflections follow within 20–80 ms; two claps of a person are at least 100 ms apart


@dataclass(frozen=True, slots=True)
class Detection:
    """What receivers are told.

    Attributes:
        onset, decided: samples (16 kHz) of the row's stream.
        score: [0, 1].
        claps: how many claps made it.
        labels: the sounds heard there.
    """

    onset: int
    decided: int
    score: float
    claps: int
    labels: Labels


class Patterns:
    """One stream's rulings → claps → detections.

    Args:
        threshold: least score of a clap, 0…1.
        delay_s: least time between two detections, > 0 s.
    """

    def __init__(self, threshold: float, delay_s: float) -> None:
        self._threshold = threshold
        self._delay_s = delay_s
        self._last_clap: int | None = None
        self._last_detection: int | None = None

    def set(self, threshold: float, delay_s: float) -> None:
        """Change both from the next ruling on."""
        self._threshold, self._delay_s = threshold, delay_s

    def take(self, ruling: Ruling) -> tuple[bool, Detection | None]:
        """Take the next ruling, in order of onset; return whether it is a clap, and the detection that it makes, if any.

        A ruling within 85 ms of a clap is its echo, whatever its score.
        """
        if ruling.score < self._threshold or _within(ruling.onset, self._last_clap, ECHO_S):
            return False, None
        self._last_clap = ruling.onset
        if _within(ruling.onset, self._last_detection, self._delay_s):
            return True, None
        self._last_detection = ruling.onset
        return True, Detection(ruling.onset, ruling.decided, ruling.score, 1, ruling.labels)


def _within(onset: int, last: int | None, seconds: float) -> bool:
    return last is not None and onset - last < seconds * RATE_HZ
