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
    def of(cls, settings: Settings) -> SettingsDump:
        """Return ``settings`` with both dumps."""
        return cls(settings, settings.whole(), settings.model_dump(mode="json"))
