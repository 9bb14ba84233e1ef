"""The settings document as JSON data, made once for everybody who needs it: dumping it is what costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claptrap.settings.schema import Settings


@dataclass(frozen=True, slots=True, repr=False)
class SettingsDump:
    """Settings with both of their dumps, neither of which is to be changed.

    Attributes:
        settings: the models.
        whole: JSON data with the secrets in it: for the file and for those who use them, never for a face.
        masked: the same with ``MASK`` in place of each secret.
    """

    settings: Settings
    whole: Mapping[str, Any]
    masked: Mapping[str, Any]

    @classmethod
    def of(cls, settings: Settings, before: SettingsDump | None = None) -> SettingsDump:
        """Return ``settings`` with both dumps, which share with those of ``before`` what is the same."""
        whole, masked = settings.whole(), settings.model_dump(mode="json")
        if before is None:
            return cls(settings, whole, masked)
        return cls(settings, _sharing(whole, before.whole), _sharing(masked, before.masked))


def _sharing(new: Any, old: Any) -> Any:
    """Return ``new`` with the very objects of ``old`` wherever they are equal: twenty steps to undo cost little then."""
    if new == old:
        return old
    if isinstance(new, dict) and isinstance(old, Mapping):
        return {key: _sharing(value, old.get(key)) for key, value in new.items()}
    if isinstance(new, list) and isinstance(old, list):
        return [_sharing(value, old[i]) if i < len(old) else value for i, value in enumerate(new)]
    return new
