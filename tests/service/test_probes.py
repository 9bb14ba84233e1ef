"""What a face asks of slow things: the answer comes whenever it comes, and nothing waits for it at the end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from claptrap.core.errors import ServiceError
from claptrap.service.probes import ProbeExecutor
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.store import Store


@pytest.fixture
def probes(tmp_path: Path) -> ProbeExecutor:
    return ProbeExecutor(SettingsOwner(Store(tmp_path)))


def test_what_is_raised_comes_out_a_time_out_too(probes: ProbeExecutor) -> None:
    """Whatever it is that was asked."""

    def late() -> str:
        raise TimeoutError("the camera")

    with pytest.raises(TimeoutError, match="the camera"):
        probes.run("test", late)


def test_whoever_waits_is_answered_once_the_service_ends(probes: ProbeExecutor) -> None:
    """At once, though the camera does not answer; nobody begins to wait any more, and a late answer is of no use."""
    begun, end, late = threading.Event(), threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        try:
            end.wait()
            return "heard"
        finally:
            late.set()

    codes: list[str] = []

    def ask() -> None:
        with pytest.raises(ServiceError) as caught:
            probes.run("test", slow)
        codes.append(caught.value.code)

    asking = threading.Thread(target=ask, name="test:asking")
    asking.start()
    assert begun.wait(10)
    probes.cancel()
    asking.join(10)
    assert codes == ["service.ending"]
    ask()
    assert codes == ["service.ending"] * 2
    end.set()
    assert late.wait(10)


def test_a_place_is_given_back_though_no_thread_could_begin(probes: ProbeExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system has no more threads for a moment: cameras can be tried again afterwards."""

    def no_more(_: threading.Thread) -> None:
        raise RuntimeError

    released: list[str] = []
    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", no_more)
        with pytest.raises(RuntimeError):
            probes.run("test", lambda: "heard", lambda: released.append("place"))
    assert released == ["place"]
    assert probes.run("test", lambda: "heard", lambda: released.append("place")) == "heard"
    assert released == ["place", "place"]
