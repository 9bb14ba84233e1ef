"""The built-in tests pass on a ClapTrap in order, and say so when something is not as it should be."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from claptrap.selftest.case import Case, CaseContext, Skipped, expect
from claptrap.selftest.cases import CASES
from claptrap.selftest.runner import SelfTestRunner
from claptrap.text.catalogue import MESSAGES

WAIT_S = 60.0


def run(cases: tuple[Case, ...] = CASES) -> list[dict[str, object]]:
    """Run ``cases`` to their end; return how each stands."""
    trials = SelfTestRunner(cases)
    trials.start()
    until = time.monotonic() + WAIT_S
    try:
        while trials.to_json()["running"]:
            assert time.monotonic() < until, trials.to_json()
            time.sleep(0.02)
        return list(trials.to_json()["tests"])
    finally:
        trials.stop()


@pytest.mark.slow
def test_every_built_in_test_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On folders that are gone afterwards, and with a name in both languages."""
    monkeypatch.setenv("CLAPTRAP_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = run()
    assert [(one["id"], one["stage"], one["message_en"]) for one in found] == [(case.id, "passed", "") for case in CASES]
    assert list(tmp_path.iterdir()) == []
    assert all(f"selftest.{name}" in MESSAGES["en"] for case in CASES for name in (case.id, case.area))
    assert len({case.id for case in CASES}) == len(CASES)


def test_what_is_not_as_it_should_be_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """The others go on; what does not apply here is no failure; an unexpected fault is logged."""

    def differs(_: CaseContext) -> None:
        expect("the answer", 41, 42)

    def breaks(bench: CaseContext) -> None:
        (bench.folder / "none").read_text()

    def skips(_: CaseContext) -> None:
        raise Skipped

    found = run(tuple(Case("sound", "claps", one) for one in (differs, breaks, skips, lambda _: None)))
    assert [one["stage"] for one in found] == ["failed", "failed", "skipped", "passed"]
    assert found[0]["message_fr"] == "the answer : attendu 42, trouvé 41."
    assert "FileNotFoundError" in str(found[1]["message_en"])
    assert "failed unexpectedly" in caplog.text


def test_the_end_of_the_service_ends_a_run() -> None:
    """A test that waits is told; no further one begins."""
    waits = threading.Event()

    def wait(bench: CaseContext) -> None:
        waits.set()
        bench.wait_for("what never comes", lambda: False)

    trials = SelfTestRunner((Case("sound", "claps", wait), Case("sound", "silence", lambda _: os.abort())))
    trials.start()
    trials.start()  # harmless: they run already
    assert waits.wait(WAIT_S)
    trials.stop()
    assert trials.to_json()["running"] is False
    assert trials.to_json()["tests"][1]["stage"] == "waiting"
    trials.start()
    assert trials.to_json()["running"] is False


def test_one_run_at_a_time_and_again_afterwards() -> None:
    """The second run begins from nothing."""
    runs: list[Path] = []
    go_on = threading.Event()

    def once(bench: CaseContext) -> None:
        runs.append(bench.folder)
        bench.wait_for("leave", go_on.is_set)

    trials = SelfTestRunner((Case("sound", "claps", once),))
    try:
        for _ in range(3):
            trials.start()
        go_on.set()
        until = time.monotonic() + WAIT_S
        while trials.to_json()["running"] and time.monotonic() < until:
            time.sleep(0.01)
        assert len(runs) == 1
        trials.start()
        while trials.to_json()["running"] and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        trials.stop()
    assert len(runs) == 2
    assert len({str(folder) for folder in runs}) == 2
