"""Voice satellites: ClapTrap as their wake-word service, and each of them as a source of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from claptrap.core.errors import InputError
from claptrap.core.spec import SatelliteInput
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.schema import PatternSettings, Settings
from claptrap.sources.feeds import Feeds
from claptrap.sources.satellite import WORDS
from claptrap.sources.wyoming_server import WakeWordServer

MAX_SATELLITES = 32  # that are made by themselves: any machine in the network can connect


class SatelliteService:
    """Finds or makes the source of each satellite, and keeps the server in step with the settings.

    Args:
        settings: the owner of what is in force.
        add_source, change_source: change them, as the page does.
        feeds: where the satellites' sound goes.
        on_change: called when the server's ``problems`` have changed.
        listen: address to listen on instead of the one in the settings; None for that one.

    Attributes:
        server: the service's connections.
    """

    def __init__(
        self,
        settings: SettingsOwner,
        add_source: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        change_source: Callable[[str, Mapping[str, Any]], object],
        feeds: Feeds,
        on_change: Callable[[], None],
        listen: str | None = None,
    ) -> None:
        self._settings = settings
        self._add_source = add_source
        self._change_source = change_source
        self._listen = listen
        self.server = WakeWordServer(feeds, self.claim, on_change)

    def apply(self, settings: Settings) -> None:
        """Listen as the settings say, from now on. Does not wait."""
        wanted = settings.wyoming
        self.server.apply(wanted.listen if self._listen is None else self._listen, wanted.forward)

    def claim(self, host: str, wanted: frozenset[int] | None, in_use: Collection[str]) -> str:
        """Return the id of a satellite's source: the first of its host's that is free, else a new one.

        The wake words that a satellite asks for are its source's patterns: where the source cannot give one of them, its
        patterns become those.

        Args:
            host: the IP address of the satellite.
            wanted: the numbers of claps that it waits for; None for any.
            in_use: ids of sources that other satellites speak for.

        Raises:
            InputError: ``satellite.too_many``.
            SettingsFaults, SettingsError: as ``SettingsOwner.replace``.
        """
        with self._settings.locked() as state:
            known = [(source, source.to_input()) for source in state.settings.sources if source.kind == SatelliteInput.KIND]
            mine = {one.number: source for source, one in known if isinstance(one, SatelliteInput) and one.address == host}
            free = next((mine[number] for number in sorted(mine) if mine[number].id not in in_use), None)
            if free is None:
                if len(known) >= MAX_SATELLITES:
                    raise InputError("satellite.too_many", most=MAX_SATELLITES)
                return self._add(host, next(n for n in range(1, len(mine) + 2) if n not in mine), wanted)
            if wanted and not _gives(free.patterns, wanted):
                self._change_source(free.id, {"patterns": _patterns(wanted)})
            return free.id

    def _add(self, host: str, number: int, wanted: frozenset[int] | None) -> str:
        name = f"Satellite {host}" if number == 1 else f"Satellite {host} ({number})"
        entry: dict[str, Any] = {"kind": SatelliteInput.KIND, "name": name, "input": {"address": host, "number": number}}
        if wanted:
            entry["patterns"] = _patterns(wanted)
        return str(self._add_source(entry)["id"])


def _gives(patterns: Sequence[PatternSettings], wanted: frozenset[int]) -> bool:
    """Return whether ``patterns`` lead to a detection of each wanted number of claps."""
    most = max(WORDS)
    return wanted <= {min(pattern.claps, most) for pattern in patterns}


def _patterns(wanted: frozenset[int]) -> list[dict[str, Any]]:
    """Return a pattern for each wanted number of claps; the largest is complete at once, without waiting for more."""
    return [{"claps": claps, "at_least": claps == max(wanted)} for claps in sorted(wanted)]
