"""When detections act: armed or not, snoozed, quiet hours."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from claptrap.core.spec import MAX_SOURCES
from claptrap.settings.fields import Name, refused
from claptrap.settings.receivers import SettingsPart

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOMENT = re.compile(r"(?:([01][0-9]|2[0-3]):([0-5][0-9])|(sunrise|sunset)([+-][0-9]{1,3})?)", re.ASCII)
"""Hours and minutes, or the sun's event and minutes after it (before it, if negative)."""
SnoozedUntil = Annotated[float, Field(ge=0, le=4e9)]


def _moment(text: str) -> str:
    if not MOMENT.fullmatch(text):
        raise refused("when.bad_moment")
    return text


Moment = Annotated[str, Field(max_length=20), AfterValidator(_moment)]


class QuietHours(SettingsPart):
    """A time of day in which detections do not act; over midnight it belongs to the day on which it begins."""

    name: Name = ""
    enabled: bool = True
    days: list[Day] = Field(default=list(DAYS), min_length=1, max_length=7, description="on which it begins")
    begin: Moment = Field(description="like 22:00, sunset or sunset-30 (minutes)")
    end: Moment = Field(description="like 07:00, sunrise or sunrise+15 (minutes)")
    sources: list[Annotated[str, Field(max_length=64)]] = Field(
        default=[], max_length=MAX_SOURCES, description="ids of the sources that it is for; empty for all"
    )


class WhenSettings(SettingsPart):
    """When the house acts on detections. All are listed in the history either way."""

    armed: bool = Field(default=True, description="whether detections act: webhooks, MQTT, notifications, wake words")
    snoozed_until: SnoozedUntil = Field(default=0.0, description="until when they do not act, UTC Unix seconds")
    latitude: float | None = Field(default=None, ge=-90, le=90, description="of the house, for sunrise and sunset")
    longitude: float | None = Field(default=None, ge=-180, le=180, description="likewise; east is positive")
    quiet: list[QuietHours] = Field(default=[], max_length=32, description="quiet hours, in the machine's time zone")

    @field_validator("quiet")
    @classmethod
    def _place_of_sun_is_known(cls, quiet: list[QuietHours], info: ValidationInfo) -> list[QuietHours]:
        is_known = info.data.get("latitude") is not None and info.data.get("longitude") is not None
        if not is_known and any("sun" in moment[:3] for hours in quiet for moment in (hours.begin, hours.end)):
            raise refused("when.no_place")
        return quiet
