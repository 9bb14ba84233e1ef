"""Alerts: notification services that ask for them hear of each problem once, and once more when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from claptrap.core.clock import Clock
from claptrap.core.events import Problem
from claptrap.core.weburl import redact
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.delivery.payload import alert_payload
from claptrap.receivers import NotifySpec
from claptrap.service.problems import ProblemList
from claptrap.service.settings_owner import SettingsOwner

STARTING_S = 120.0  # what is out of order while everything starts is no news
LASTS_S = 60.0  # what is over sooner is none either
CALM_S = 120.0  # for so long a problem must be away to be over; twice as long each time that it has come back
MOST_CALM_S = 3600.0
MIN_GAP_S = 300.0  # between two alerts: what happens meanwhile is in the next one
FORGET_S = 21_600.0


@dataclass(frozen=True, slots=True)
class Alert:
    """What one alert says.

    Attributes:
        begun: what is out of order since the last one.
        ended: what is well again, and for how many minutes it was not.
    """

    begun: tuple[Problem, ...] = ()
    ended: tuple[tuple[Problem, int], ...] = ()


@dataclass(slots=True)
class _Course:
    """How a problem went: times are monotonic seconds."""

    problem: Problem
    began: float
    gone: float | None = None  # since when it is away
    is_said: bool = False
    calm_s: float = CALM_S


@dataclass(slots=True)
class AlertTracker:
    """Decides what to say and when. Pure: time is an argument.

    A problem that comes and goes is one that lasts: it must be away for longer each time before it is over.

    Attributes:
        since: monotonic seconds when the service began.
    """

    since: float
    _courses: dict[object, _Course] = field(default_factory=dict)
    _alerted_at: float = float("-inf")

    def check(self, problems: Iterable[Problem], now: float) -> Alert | None:
        """Return what is to be said at ``now`` (monotonic seconds) of ``problems``, all that there are; None for nothing."""
        if now - self.since < STARTING_S:
            return None
        self._follow({_key(problem): problem for problem in problems}, now)
        if now - self._alerted_at < MIN_GAP_S:
            return None
        begun = [
            one for one in self._courses.values() if not one.is_said and one.gone is None and now - one.began >= LASTS_S
        ]
        ended = [
            one for one in self._courses.values() if one.is_said and one.gone is not None and now - one.gone >= one.calm_s
        ]
        if not begun and not ended:
            return None
        self._alerted_at = now
        for one in (*begun, *ended):
            one.is_said = one.gone is None
        lasted = tuple((one.problem, max(1, round(((one.gone or now) - one.began) / 60))) for one in ended)
        return Alert(tuple(one.problem for one in begun), lasted)

    def forget(self) -> None:
        """Begin again, as long as no one wants to know."""
        self._courses.clear()

    def _follow(self, present: Mapping[object, Problem], now: float) -> None:
        for key, problem in present.items():
            course = self._courses.setdefault(key, _Course(problem, now))
            if not course.is_said and course.gone is not None and now - course.gone >= CALM_S:  # another one of its kind
                course.began, course.calm_s = now, min(MOST_CALM_S, 2 * course.calm_s)
            course.gone, course.problem = None, problem
        for key, course in list(self._courses.items()):
            if key not in present:
                course.gone = now if course.gone is None else course.gone
                if not course.is_said and now - course.gone >= FORGET_S:
                    del self._courses[key]


class AlertService:
    """Sends alerts to the notification services that ask for them.

    Args:
        problems: all that is out of order.
        dispatcher: sends to them.
        settings: the owner of what is in force.
        clock: the machine's.
    """

    def __init__(self, problems: ProblemList, dispatcher: Dispatcher, settings: SettingsOwner, clock: Clock) -> None:
        self._problems = problems
        self._dispatcher = dispatcher
        self._settings = settings
        self._clock = clock
        self._tracker = AlertTracker(clock.monotonic())

    def check(self) -> None:
        """Send what is due. To be called about twice a minute."""
        receivers = [one for one in self._settings.current.notifications() if one.alerts]
        now = self._clock.monotonic()
        if not receivers:
            self._tracker.forget()
            return
        alert = self._tracker.check(self._problems.found(), now)
        if alert is None:
            return
        for receiver in receivers:
            body = self._body(alert, receiver)
            if body is not None:
                self._dispatcher.send(receiver.id, body)

    def _body(self, alert: Alert, receiver: NotifySpec) -> dict[str, Any] | None:
        """Return what a receiver is sent; None for nothing. That it is out of order itself it cannot be sent."""
        own = Problem("delivery.open", {"url": redact(receiver.url), "source": receiver.label})
        begun = [asdict(problem) for problem in alert.begun if problem != own]
        ended = [{**asdict(problem), "minutes": minutes} for problem, minutes in alert.ended]
        return alert_payload(f"alert:{uuid4().hex[:12]}", begun, ended, self._clock.unix()) if begun or ended else None


def _key(problem: Problem) -> Sequence[object]:
    """Return what makes a problem the same one: its code and what it is about, not how many or why just now."""
    about = {name: value for name, value in problem.params.items() if isinstance(value, str) and name != "reason"}
    return problem.code, tuple(sorted(about.items()))
