"""What is said of problems beyond the page: sources unheard for too long become one, alerts and heartbeats tell others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from claptrap.core.clock import Clock
from claptrap.core.errors import ClapTrapError
from claptrap.core.events import Status
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.service.alerts import AlertService
from claptrap.service.heartbeats import HeartbeatService, is_well
from claptrap.service.problems import ProblemList
from claptrap.service.settings_owner import SettingsOwner
from claptrap.service.unheard import UnheardSources
from claptrap.settings.schema import Settings


class Supervision:
    """Unheard sources, alerts and heartbeats, for the application that starts and stops them.

    Args:
        problems: all that is out of order.
        settings: the owner of what is in force.
        clock: the machine's.
        stalled: returns the threads of hearing that do not move.
    """

    def __init__(
        self, problems: ProblemList, settings: SettingsOwner, clock: Clock, stalled: Callable[[], Sequence[str]]
    ) -> None:
        self._problems = problems
        self._settings = settings
        self._clock = clock
        self._unheard = UnheardSources(settings, clock)
        self._heartbeats = HeartbeatService(lambda: not stalled() and is_well(problems.found()), problems.publish)
        self._alerts: AlertService | None = None

    def add(self, news: Status) -> None:
        """Note the state of a source."""
        self._unheard.add(news)

    def problems(self) -> Sequence[ClapTrapError]:
        """Return which sources are unheard, and which heartbeats fail."""
        return [*self._unheard.problems(), *self._heartbeats.problems()]

    def start(self, dispatcher: Dispatcher) -> None:
        """Begin to call heartbeats; ``dispatcher`` sends alerts from the next ``maintain`` on."""
        self._alerts = AlertService(self._problems, dispatcher, self._settings, self._clock)
        self.apply(self._settings.current)

    def apply(self, settings: Settings) -> None:
        """Call the heartbeats of ``settings``. Nothing happens before ``start``."""
        if self._alerts is not None:
            self._heartbeats.apply(settings)

    def maintain(self) -> None:
        """Send the alerts that are due. To be called about twice a minute."""
        if self._alerts is not None:
            self._alerts.check()

    def stop(self) -> None:
        """End heartbeats."""
        self._heartbeats.stop()
