"""What a face asks of slow things: the answer comes whenever it comes, and nobody waits at the end."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from claptrap.core.errors import ServiceError
from claptrap.service import probes as under_test
from claptrap.service.probes import ProbeExecutor


class AtTheLastMoment(Future[str]):
    """A future whose outcome comes just as whoever waits for it has looked in vain."""

    _has_looked = False

    def result(self, timeout: float | None = None) -> str:
        if not self._has_looked:
            self._has_looked = True
            super().exception()
            raise TimeoutError
        return super().result(timeout)


def test_an_answer_that_comes_just_as_the_wait_ends_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was said to have timed out, though nothing had."""
    monkeypatch.setattr(under_test, "Future", AtTheLastMoment)
    assert ProbeExecutor().answer("test", lambda: "heard") == "heard"


def test_what_is_raised_comes_out_a_time_out_too() -> None:
    """Whatever it is that was asked."""

    def late() -> str:
        raise TimeoutError("the camera")

    with pytest.raises(TimeoutError, match="the camera"):
        ProbeExecutor().answer("test", late)


def test_nobody_waits_once_the_service_ends() -> None:
    """Not even where an answer is at hand."""
    asking = ProbeExecutor()
    asking.give_up()
    with pytest.raises(ServiceError) as caught:
        asking.answer("test", asking.ending.wait)
    assert caught.value.code == "service.ending"
