"""What undo brings back of what a source has learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from claptrap.core.spec import SourceSpec
from claptrap.detect.profile import Profile


@dataclass(frozen=True, slots=True)
class Undo:
    """What was in force before the last change: the profile, and the settings of the source that changed with it."""

    profile: Profile
    settings: Mapping[str, Any]

    @classmethod
    def of(cls, profile: Profile, spec: SourceSpec, settings: Mapping[str, Any]) -> Undo:
        """Return it for ``settings`` that are about to change."""
        return cls(profile, _as_in({**asdict(spec), "input": asdict(spec.input)}, settings))


def _as_in(document: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``document`` has in the place of ``settings``."""
    return {
        name: _as_in(document[name], value) if isinstance(value, Mapping) else document[name]
        for name, value in settings.items()
    }
