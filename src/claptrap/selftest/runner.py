"""The runs of the built-in tests: one at a time, in a thread of its own, and what is known of it so far."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from claptrap.selftest.case import Case, CaseContext, Failed, ServiceStopping, Skipped
from claptrap.text.catalogue import say

STOP_S = 2.0
_log = logging.getLogger(__name__)


class Stage(StrEnum):
    """How far a test is."""

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a test stands.

    Attributes:
        case: which.
        stage: how far it is.
        took_s: how long it took; 0 before its end.
        code, params: why it failed, a sentence of ``text.catalogue``; empty otherwise.
    """

    case: Case
    stage: Stage = Stage.WAITING
    took_s: float = 0.0
    code: str = ""
    params: Mapping[str, str | float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data, in words of both languages."""
        words = {
            f"{name}_{language}": say(code, language, **params) if code else ""
            for language in ("fr", "en")
            for name, code, params in (
                ("title", f"selftest.{self.case.id}", {}),
                ("area", f"selftest.{self.case.area}", {}),
                ("message", self.code, self.params),
            )
        }
        return {
            "id": self.case.id,
            "code": self.code,
            "area": self.case.area,
            "stage": self.stage.value,
            "took_s": round(self.took_s, 3),
            **words,
        }


class SelfTestRunner:
    """Runs the tests when asked, and says how they stand. Thread-safe; ``stop`` once at the end.

    Args:
        cases: which tests.
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = tuple(cases)
        self._outcomes = [CaseResult(case) for case in self._cases]
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run all tests; where they run already, let them go on."""
        with self._lock:
            if self._is_running() or self._ending.is_set():
                return
            self._outcomes = [CaseResult(case) for case in self._cases]
            self._thread = threading.Thread(target=self._run, name="selftest", daemon=True)
            self._thread.start()

    def to_json(self) -> dict[str, Any]:
        """Return ``running``, and every test's ``CaseResult`` in order."""
        with self._lock:
            return {"running": self._is_running(), "tests": [outcome.to_json() for outcome in self._outcomes]}

    def stop(self) -> None:
        """End; what does not look whether to end is left behind."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(STOP_S)

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        for index, case in enumerate(self._cases):
            if self._ending.is_set():
                return
            self._put(index, CaseResult(case, Stage.RUNNING))
            began_s = time.monotonic()
            outcome = self._outcome(case)
            self._put(index, replace(outcome, took_s=time.monotonic() - began_s))

    def _outcome(self, case: Case) -> CaseResult:
        try:
            with tempfile.TemporaryDirectory(prefix="claptrap-selftest-") as folder:
                case.run(CaseContext(Path(folder), self._ending))
        except (Skipped, ServiceStopping):
            return CaseResult(case, Stage.SKIPPED)
        except Failed as failed:
            return CaseResult(case, Stage.FAILED, code="selftest.differs", params=failed.params)
        except Exception as error:  # noqa: BLE001  # whatever a test ends in is its outcome, and the others go on
            _log.exception("the built-in test %s failed unexpectedly", case.id)
            reason = f"{type(error).__name__}: {error}"[:300]
            return CaseResult(case, Stage.FAILED, code="selftest.raised", params={"reason": reason})
        return CaseResult(case, Stage.PASSED)

    def _put(self, index: int, outcome: CaseResult) -> None:
        with self._lock:
            self._outcomes[index] = outcome
