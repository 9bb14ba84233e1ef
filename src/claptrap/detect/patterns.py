"""From classifications to detections: threshold, echoes, patterns, applause, delay. Time is an argument, in samples."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from claptrap.audio.frame import RATE_HZ
from claptrap.core.events import Labels
from claptrap.core.spec import Hears, PatternSpec
from claptrap.detect.classifier import Classification

ECHO_S = 0.085  # reflections follow within 20–80 ms; two claps of a person are at least 100 ms apart
SUSTAINED_CLAPS = 6  # so many claps in a row, more than any pattern has, are applause
SUSTAINED_GAP_S = 0.5  # from one to the next: people applaud at 2.7 to 5 claps a second (Repp, JASA 81, 1987)
CROWD_SCORE = 0.4  # YAMNet's score of applause, mean over …
CROWD_CANDIDATES, CROWD_S = 3, 1.5  # … so many candidates within so long a time
STILL_SCORE = 0.2  # a candidate with this score of applause keeps it going
OVER_S = 2.0  # applause is over when there was none for so long
APPLAUSE = "Applause"


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """How a source decides what is a detection.

    Attributes:
        threshold: least score of a clap, 0…1.
        delay_s: least time between two detections, seconds, > 0.
        patterns: any of them makes a detection.
        hears: claps, applause, or both.
    """

    threshold: float
    delay_s: float
    patterns: tuple[PatternSpec, ...] = (PatternSpec(),)
    hears: Hears = Hears.BOTH


@dataclass(frozen=True, slots=True)
class Detection:
    """A pattern of claps, or the beginning of applause.

    Attributes:
        onset, decided: stream time in samples at 16 kHz; the onset is the first clap's.
        score: [0, 1], the best of its claps.
        claps: how many claps made it.
        labels: the sounds heard there.
        applause: whether it is the beginning of applause, to which patterns do not apply.
        trigger: the id of the sound or rhythm that it is; empty for what patterns and applause make.
    """

    onset: int
    decided: int
    score: float
    claps: int
    labels: Labels
    applause: bool = False
    trigger: str = ""


class Reason(StrEnum):
    """Why a classification had its outcome; ``verdict.…`` in ``text.catalogue``."""

    NOT_A_CLAP = "not_a_clap"  # less than half of the threshold
    BELOW = "below"
    ECHO = "echo"
    TOLD = "told"
    WAITING = "waiting"  # for more claps, or for none to follow
    SAME_ROW = "same_row"  # a pattern that was reported already
    TOO_CLOSE = "too_close"  # to the clap before, for every pattern
    DELAY = "delay"
    APPLAUSE_BEGINS = "applause_begins"
    IN_APPLAUSE = "in_applause"
    VETOED = "vetoed"  # a reference of the source explains it
    NOT_SELECTED = "not_wished"  # the source does not react to this kind


@dataclass(frozen=True, slots=True)
class PatternOutcome:
    """What a classification leads to: whether it is a clap, why, and the detections that it completes."""

    is_clap: bool
    reason: Reason
    detections: tuple[Detection, ...] = ()


class Patterns:
    """Turns one stream's classifications into claps and detections."""

    def __init__(self, settings: DetectionSettings) -> None:
        self._last_clap: int | None = None
        self._last_detection: int | None = None
        self._applause = Applause()
        self._groups: tuple[Group, ...] = ()
        self.apply(settings)

    def apply(self, settings: DetectionSettings) -> None:
        """Use ``settings`` from the next classification on; only changed patterns drop the claps that wait for more."""
        longest = max((p.claps + (not p.at_least) for p in settings.patterns), default=1)
        if tuple(g.pattern for g in self._groups) != settings.patterns or any(g.longest != longest for g in self._groups):
            self._groups = tuple(Group(p, longest) for p in settings.patterns)
        self._settings = settings

    @property
    def is_open(self) -> bool:
        """Whether claps wait for more, or for none to follow."""
        return any(group.claps for group in self._groups)

    def process(self, classification: Classification) -> PatternOutcome:
        """Return the outcome of the next classification, in order of onset. Within 85 ms of a clap it is an echo."""
        is_echo = _within(classification.onset, self._last_clap, ECHO_S)
        is_clap = classification.score >= self._settings.threshold and not is_echo
        closed = self.advance(classification.onset)
        if is_clap:
            self._last_clap = classification.onset
        begins = self._applause.process(classification, is_clap=is_clap)
        if begins is not None:
            self._forget()
            admitted = tuple(self._admit([begins], Hears.APPLAUSE, whatever_delay=True))
            return PatternOutcome(is_clap, Reason.APPLAUSE_BEGINS if admitted else Reason.NOT_SELECTED, (*closed, *admitted))
        if not is_clap:
            return PatternOutcome(is_clap, Reason.ECHO if is_echo else self._short_by(classification), closed)
        if self._applause.lasts(classification.onset):
            return PatternOutcome(is_clap, Reason.IN_APPLAUSE, closed)
        found = [d for g in self._groups if (d := g.add(classification))]
        admitted = tuple(self._admit(found, Hears.CLAPS))
        return PatternOutcome(
            is_clap, Reason.TOLD if admitted else self._why_untold(classification, found), (*closed, *admitted)
        )

    def veto(self, classification: Classification) -> PatternOutcome:
        """Return the outcome of the next classification where it does not count, whatever its score."""
        return PatternOutcome(is_clap=False, reason=Reason.VETOED, detections=self.advance(classification.onset))

    def advance(self, sample: int) -> tuple[Detection, ...]:
        """Return the detections that are complete once every classification with an onset before ``sample`` is known."""
        return tuple(self._admit([d for g in self._groups if (d := g.advance(sample))], Hears.CLAPS))

    def may_count(self, classification: Classification) -> bool:
        """Return whether a classification may be a clap or part of applause."""
        return classification.score >= self._settings.threshold or classification.applause >= STILL_SCORE

    def finish(self) -> tuple[Detection, ...]:
        """Return the detections that are complete at the end of the stream."""
        return tuple(self._admit([d for g in self._groups if (d := g.close(None))], Hears.CLAPS))

    def _short_by(self, classification: Classification) -> Reason:
        return Reason.BELOW if 2 * classification.score >= self._settings.threshold else Reason.NOT_A_CLAP

    def _why_untold(self, clap: Classification, found: Sequence[Detection]) -> Reason:
        """Return why a clap, which the groups have just taken, makes no detection."""
        if self._settings.hears is Hears.APPLAUSE:
            return Reason.NOT_SELECTED
        if found:
            return Reason.DELAY
        counting = [g for g in self._groups if g.claps and g.claps[-1] is clap]
        if not counting:
            return Reason.TOO_CLOSE
        return Reason.WAITING if any(g.may_be_told for g in counting) else Reason.SAME_ROW

    def _admit(self, found: Iterable[Detection], kind: Hears, *, whatever_delay: bool = False) -> Iterator[Detection]:
        """Yield what the source reacts to and its delay allows."""
        for detection in found:
            if self._settings.hears not in (kind, Hears.BOTH):
                continue
            if not whatever_delay and _within(detection.onset, self._last_detection, self._settings.delay_s):
                continue
            self._last_detection = detection.onset
            yield detection

    def _forget(self) -> None:
        for group in self._groups:
            group.claps.clear()


class Group:
    """Claps in sequence, as one pattern counts them.

    Args:
        pattern: what is counted.
        longest: the most claps that any pattern of the source must count to; a shorter one that wants "at least" waits for
            the end of the sequence, so that one sequence is not reported twice.
    """

    def __init__(self, pattern: PatternSpec, longest: int) -> None:
        self.pattern = pattern
        self.longest = longest
        self.claps: list[Classification] = []
        self._at_once = pattern.at_least and pattern.claps >= longest

    @property
    def may_be_told(self) -> bool:
        """Whether the sequence so far may still become a detection."""
        return len(self.claps) < self.pattern.claps or (not self._at_once and self._may_fit())

    def add(self, clap: Classification) -> Detection | None:
        """Return the detection that the next clap completes at once, if any."""
        if self.claps and clap.onset - self.claps[-1].onset < self.pattern.min_gap_s * RATE_HZ:
            return None
        self.claps.append(clap)
        if not self._at_once or len(self.claps) != self.pattern.claps:
            return None
        found = self._detection(clap.decided)
        if self.pattern.claps == 1:
            self.claps.clear()  # any clap, each for itself
        return found

    def advance(self, sample: int) -> Detection | None:
        """Close the sequence if no clap before ``sample`` can continue it; return its detection, if any."""
        if not self.claps:
            return None
        end = self.claps[-1].onset + round(self.pattern.max_gap_s * RATE_HZ)
        return self.close(end) if sample > end else None

    def close(self, decided: int | None) -> Detection | None:
        """End the sequence; return its detection, if the pattern fits and it was not reported at once."""
        n, fits = len(self.claps), self._fits()
        found = None
        if n and fits and not self._at_once:
            found = self._detection(max(self.claps[-1].decided, decided or 0))
        self.claps.clear()
        return found

    def _may_fit(self) -> bool:
        return self.pattern.at_least or len(self.claps) <= self.pattern.claps

    def _fits(self) -> bool:
        n = len(self.claps)
        return n >= self.pattern.claps if self.pattern.at_least else n == self.pattern.claps

    def _detection(self, decided: int) -> Detection:
        best = max(self.claps, key=lambda c: c.score)
        return Detection(self.claps[0].onset, decided, best.score, len(self.claps), best.labels)


class Applause:
    """Detects applause and how long it lasts: one person who claps on and on, or a crowd by YAMNet's score."""

    def __init__(self) -> None:
        self._row: list[Classification] = []
        self._crowd: deque[Classification] = deque(maxlen=CROWD_CANDIDATES)
        self._last: int | None = None

    def lasts(self, onset: int) -> bool:
        """Whether applause was still going on within 2 s before ``onset``."""
        return _within(onset, self._last, OVER_S)

    def process(self, classification: Classification, *, is_clap: bool) -> Detection | None:
        """Return the detection if applause begins with this classification, the next one."""
        is_sustained = self._is_sustained(classification) if is_clap else False
        is_crowd = self._is_crowd(classification)
        if self.lasts(classification.onset):
            if is_clap or classification.applause >= STILL_SCORE:
                self._last = classification.onset
            return None
        if not is_sustained and not is_crowd:
            return None
        claps = self._row if is_sustained else list(self._crowd)
        self._last = classification.onset
        score = max(c.score if is_sustained else c.applause for c in claps)
        labels = next((c.labels for c in reversed(claps) if c.labels), ())
        return Detection(
            claps[0].onset, classification.decided, score, len(claps), _first(APPLAUSE, score, labels), applause=True
        )

    def _is_sustained(self, clap: Classification) -> bool:
        if self._row and not _within(clap.onset, self._row[-1].onset, SUSTAINED_GAP_S):
            self._row = []
        self._row = [*self._row[-(SUSTAINED_CLAPS - 1) :], clap]
        return len(self._row) >= SUSTAINED_CLAPS

    def _is_crowd(self, classification: Classification) -> bool:
        self._crowd.append(classification)
        if len(self._crowd) < CROWD_CANDIDATES or not _within(classification.onset, self._crowd[0].onset, CROWD_S):
            return False
        return sum(r.applause for r in self._crowd) >= CROWD_SCORE * CROWD_CANDIDATES


def _first(name: str, score: float, labels: Labels) -> Labels:
    return ((name, round(score, 3)), *(label for label in labels if label[0] != name))


def _within(onset: int, last: int | None, seconds: float) -> bool:
    return last is not None and onset - last < seconds * RATE_HZ
