"""What a source reacts to beside claps and applause: sounds that YAMNet names, and rhythms of claps that it was taught."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SoundSpec:
    """A sound.

    Attributes:
        id: among the triggers of its source; events name it.
        name: what people call it.
        labels: YAMNet's names, any of which is meant.
        threshold: least score of a window that counts, ]0, 1]; of a taught sound, its least similarity to an example.
        persistence_s: for how long it must be heard, within twice that time; 0: one window, a second, is enough.
        delay_s: least time between two detections of it, > 0 s.
        examples: of a taught sound, as ``detect.taught.packed`` writes them; it has no labels.
    """

    id: str
    name: str
    labels: tuple[str, ...] = ()
    threshold: float = 0.3
    persistence_s: float = 0.0
    delay_s: float = 10.0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RhythmSpec:
    """A rhythm of claps, at any tempo.

    Attributes:
        id: among the triggers of its source; events name it.
        name: what people call it.
        intervals: from each clap to the next, relative to one another, each > 0; one fewer than claps.
        tolerance: greatest chronotonic distance, in mean intervals (``detect.rhythm``).
    """

    id: str
    name: str
    intervals: tuple[float, ...]
    tolerance: float = 0.2
