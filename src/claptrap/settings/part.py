"""What every part of the settings document has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from claptrap.settings.fields import WITH_SECRETS


class SettingsPart(BaseModel):
    """A part of the document: nothing unknown in it, and nothing converted."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        defer_build=True,  # most are only ever checked as a part of ``Settings``: what would check each alone takes memory
    )

    def whole(self) -> dict[str, Any]:
        """Return JSON data with the secrets in it: for the file and for those who use them, never for a face."""
        return self.model_dump(mode="json", context=WITH_SECRETS)
