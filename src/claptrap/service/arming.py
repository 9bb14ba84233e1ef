"""Whether a detection acts: the house, a room or a source may be disarmed or snoozed, and there are quiet hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from astral import Observer
from astral.sun import sunrise, sunset

from claptrap.core.clock import Clock
from claptrap.core.errors import InputError
from claptrap.service.messages import with_messages
from claptrap.service.settings_owner import SettingsOwner, entry_of
from claptrap.settings.schema import AnySource, Settings
from claptrap.settings.when import DAYS, MOMENT, QuietHours, WhenSettings

MAX_SNOOZE_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Inaction:
    """Why a source's detections do not act.

    Attributes:
        code: a key of ``text.catalogue``.
        params: values for that sentence.
        until: when that ends by itself, UTC Unix seconds; None where a person must end it.
    """

    code: str
    params: Mapping[str, str | float] = field(default_factory=dict)
    until: float | None = None


class ArmingService:
    """Says whether detections act, and changes it.

    Args:
        settings: the owner of what is in force.
        clock: the machine's.
    """

    def __init__(self, settings: SettingsOwner, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def acts(self, source_id: str, at: float) -> bool:
        """Return whether a detection of a source at ``at`` (UTC Unix seconds) acts."""
        return inaction(self._settings.current, source_id, at) is None

    def state(self) -> dict[str, Any]:
        """Return, as JSON data, what is set for the house and whether each source acts now, or why not."""
        settings, now = self._settings.current, self._clock.unix()
        when = settings.when
        return {
            "armed": when.armed,
            "snoozed_until": when.snoozed_until if when.snoozed_until > now else 0.0,
            "sources": {source.id: _shown(inaction(settings, source.id, now)) for source in settings.sources},
        }

    def change(
        self, *, armed: bool | None = None, snooze_s: float | None = None, source: str = "", room: str = ""
    ) -> dict[str, Any]:
        """Arm, disarm or snooze; return ``state``.

        Args:
            armed: whether detections shall act; arming ends a snooze too. None to leave it.
            snooze_s: for how many seconds from now they shall not; 0 ends that. None to leave it.
            source: the one source that is meant.
            room: the room whose sources are meant; with neither, the house.

        Raises:
            InputError: ``api.unknown_source``, ``when.unknown_room``, ``when.bad_snooze``.
            SettingsFaults, SettingsError: as ``SettingsOwner.replace``.
        """
        if snooze_s is not None and not 0 <= snooze_s <= MAX_SNOOZE_S:
            raise InputError("when.bad_snooze", days=MAX_SNOOZE_S / 86_400)
        patch: dict[str, Any] = {} if armed is None else {"armed": armed}
        if armed:
            patch["snoozed_until"] = 0.0
        if snooze_s is not None:
            patch["snoozed_until"] = self._clock.unix() + snooze_s if snooze_s else 0.0
        with self._settings.locked() as state:
            if source:
                ids = [str(entry_of(state.dump.masked, source)["id"])]
            elif room:
                ids = [one.id for one in state.settings.sources if one.room == room]
                if not ids:
                    raise InputError("when.unknown_room", room=room)
            if source or room:
                self._settings.apply({"sources": [{"id": one, **patch} for one in ids]})
            else:
                self._settings.apply({"when": patch})
        return self.state()


def inaction(settings: Settings, source_id: str, at: float) -> Inaction | None:
    """Return why detections of a source at ``at`` (UTC Unix seconds) do not act; None where they do."""
    source = next((one for one in settings.sources if one.id == source_id), None)
    parts: list[tuple[str, WhenSettings | AnySource]] = [("when.", settings.when)]
    if source is not None:
        parts.append(("when.source_", source))
    for prefix, part in parts:
        if not part.armed:
            return Inaction(f"{prefix}disarmed")
        if at < part.snoozed_until:
            return Inaction(f"{prefix}snoozed", {"time": _clock_time(part.snoozed_until)}, part.snoozed_until)
    for hours in settings.when.quiet:
        if hours.enabled and (not hours.sources or source_id in hours.sources):
            end = _end_of(hours, settings.when, at)
            if end is not None:
                return Inaction("when.quiet", {"name": hours.name, "time": _clock_time(end)}, end)
    return None


def _shown(found: Inaction | None) -> dict[str, Any]:
    if found is None:
        return {"acts": True, "until": None, **with_messages({"code": "", "params": {}})}
    return {"acts": False, "until": found.until, **with_messages({"code": found.code, "params": dict(found.params)})}


def _end_of(hours: QuietHours, when: WhenSettings, at: float) -> float | None:
    """Return when quiet hours that ``at`` is in end; None where it is in none."""
    today = datetime.fromtimestamp(at).astimezone().date()
    for day in (today, today - timedelta(days=1)):
        if DAYS[day.weekday()] not in hours.days:
            continue
        begin, end = _moment(hours.begin, day, when), _moment(hours.end, day, when)
        if begin is not None and end is not None and end <= begin:
            end = _moment(hours.end, day + timedelta(days=1), when)
        if begin is not None and end is not None and begin <= at < end:
            return end
    return None


def _moment(text: str, day: date, when: WhenSettings) -> float | None:
    """Return a moment of a day in UTC Unix seconds; None where the sun does not rise or set on that day."""
    found = MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)  # the settings have no such moment
    hour, minute, event, offset_min = found.groups()
    if event is None:
        return datetime.combine(day, time(int(hour), int(minute))).astimezone().timestamp()
    place = Observer(when.latitude or 0.0, when.longitude or 0.0)
    try:
        at: datetime = (sunrise if event == "sunrise" else sunset)(place, day, tzinfo=_zone_of(day))
    except ValueError:  # beyond the polar circles
        return None
    return at.timestamp() + 60 * int(offset_min or 0)


def _zone_of(day: date) -> tzinfo:
    """Return the machine's time zone as it is on a day."""
    return datetime.combine(day, time(12)).astimezone().tzinfo or UTC


def _clock_time(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M")
