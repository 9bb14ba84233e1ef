"""Patterns that a person chooses by a word instead of by numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from claptrap.settings.schema import PatternSettings

_SINGLE = PatternSettings(claps=1, at_least=False)
_DOUBLE = PatternSettings(claps=2, at_least=False)
PATTERN_PRESETS: Mapping[str, tuple[PatternSettings, ...]] = {
    "any": (PatternSettings(),),
    "single": (_SINGLE,),
    "double": (_DOUBLE,),
    "single_and_double": (_SINGLE, _DOUBLE),
}
"""``any``: every clap, sent at once as ``claps: 1``. The others wait for ``max_gap_s`` after the last clap, and count."""


def preset_of(patterns: Sequence[PatternSettings]) -> str:
    """Return the name of ``patterns``; empty where they are none of the presets."""
    return next((name for name, preset in PATTERN_PRESETS.items() if preset == tuple(patterns)), "")
