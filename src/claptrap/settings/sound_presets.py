"""Sounds that people ask for, as triggers to begin with. None of them is a safety device."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SoundPreset:
    """A trigger to begin with; ``sound.preset.ID`` in ``text.catalogue`` is its name.

    Attributes:
        id: as which it is added.
        labels: YAMNet's names.
        threshold, persistence_s, delay_s: as in the settings.
        recordings, heard: on how many recordings of it that was tried (``benchmarks.sounds``), and in how many it was heard;
            0 where on none.
    """

    id: str
    labels: tuple[str, ...]
    threshold: float
    persistence_s: float
    delay_s: float
    recordings: int = 0
    heard: int = 0


SOUND_PRESETS = (
    SoundPreset("glass", ("Glass", "Shatter", "Breaking"), 0.3, 0.0, 10.0, 7, 4),
    SoundPreset("doorbell", ("Doorbell", "Ding-dong"), 0.3, 0.0, 10.0),
    SoundPreset("dog", ("Dog", "Bark", "Yip", "Howl", "Bow-wow", "Growling", "Whimper (dog)"), 0.3, 0.0, 30.0, 10, 10),
    SoundPreset("baby", ("Baby cry, infant cry", "Crying, sobbing"), 0.3, 1.5, 60.0, 10, 7),
    SoundPreset("smoke-alarm", ("Smoke detector, smoke alarm", "Fire alarm"), 0.3, 1.5, 30.0),
)
