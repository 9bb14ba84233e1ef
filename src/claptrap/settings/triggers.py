"""Sounds and rhythms of a source, as in the settings document."""

from __future__ import annotations

import base64
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from claptrap.core.triggers import RhythmSpec, SoundSpec
from claptrap.settings.fields import ID, Name, refused

RESERVED = ("clap", "applause", "test")
"""Ids that no trigger may have: they are kinds of events."""

Triggers = Annotated[list[Annotated[str, Field(pattern=ID)]], Field(max_length=32)]
TRIGGERS: Any = Field(
    default=[],
    description="only detections of these sounds and rhythms, by their ids, of clap and of applause; empty for the last two",
)


EXAMPLE_BYTES = 256


def _is_example(text: str) -> str:
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        content = b""
    if len(content) != EXAMPLE_BYTES or not any(content):
        raise refused("settings.bad_example")
    return text


class _TriggerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)

    id: str = Field(pattern=ID, description="stable identifier within the source; webhooks and events name it")
    name: Name = Field(default="", description="shown name; empty for the id")
    enabled: bool = True


class SoundSettings(_TriggerSettings):
    """A sound that YAMNet names, or that was taught, which makes detections of its own. No safety device."""

    labels: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        default=[], max_length=16, description="YAMNet's names of it, any of which is meant (GET /api/sounds)"
    )
    examples: list[Annotated[str, Field(max_length=400), AfterValidator(_is_example)]] = Field(
        default=[], max_length=10, validate_default=True, description="of a taught sound, as its lesson writes them"
    )
    threshold: float = Field(default=0.3, gt=0, le=1, description="least score of a window of a second")
    persistence_s: float = Field(
        default=0.0, ge=0, le=60, description="for how long it must be heard, within twice that time"
    )
    delay_s: float = Field(default=10.0, gt=0, le=86_400, description="least time between two detections of it")

    @field_validator("examples")
    @classmethod
    def _has_one_of_both(cls, examples: list[str], info: ValidationInfo) -> list[str]:
        if bool(examples) == bool(info.data.get("labels", not examples)):
            raise refused("settings.labels_or_examples")
        return examples

    def to_spec(self) -> SoundSpec:
        """Return the core's form."""
        given = self.model_dump(exclude={"enabled", "name", "labels", "examples"})
        return SoundSpec(name=self.name or self.id, labels=tuple(self.labels), examples=tuple(self.examples), **given)


class RhythmSettings(_TriggerSettings):
    """A rhythm of claps, at any tempo, which makes detections of its own."""

    intervals: list[Annotated[float, Field(gt=0, le=100)]] = Field(
        min_length=2, max_length=11, description="from each clap to the next, relative to one another"
    )
    tolerance: float = Field(default=0.2, gt=0, le=1, description="how far from it a row may be, in mean intervals")

    def to_spec(self) -> RhythmSpec:
        """Return the core's form."""
        return RhythmSpec(self.id, self.name or self.id, tuple(self.intervals), self.tolerance)
