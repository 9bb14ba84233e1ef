"""What the doctor finds: one line each, with its grade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from claptrap.core.errors import ClapTrapError
from claptrap.core.spec import Language
from claptrap.text.catalogue import say


class Severity(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # ClapTrap works, but less well than it could
    FAULT = "fault"  # something that was asked for does not work


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined.

    Attributes:
        check: what kind of thing, e.g. ``"webhook"``; stable, for scripts.
        grade: how bad it is.
        code: what was found and, where a person can act, what to do; a key of ``text.catalogue``.
        params: values for that sentence; never a secret.
        subject: which one of several: a device, a source, a path in the settings; empty where there is only one.
    """

    check: str
    grade: Severity
    code: str
    params: Mapping[str, str | float] = field(default_factory=dict)
    subject: str = ""

    @classmethod
    def of(cls, check: str, grade: Severity, error: ClapTrapError, subject: str = "") -> Finding:
        """Return the finding that an expected failure is."""
        return cls(check, grade, error.code, error.params, subject)

    def words(self, language: Language) -> str:
        """Return it as a sentence."""
        sentence = say(self.code, language, **self.params)
        colon = " : " if language == "fr" else ": "
        return f"{self.subject}{colon}{sentence}" if self.subject else sentence

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data, with its sentence in both languages."""
        plain = {"check": self.check, "grade": self.grade.value, "subject": self.subject}
        return {
            **plain,
            "code": self.code,
            "params": dict(self.params),
            "message_fr": say(self.code, "fr", **self.params),
            "message_en": say(self.code, "en", **self.params),
        }


def is_well(findings: Iterable[Finding]) -> bool:
    """Return whether nothing that was asked for is broken."""
    return all(found.grade is not Severity.FAULT for found in findings)
