"""One tree of errors, each with a stable code that the faces translate.

ClapTrapError
├── InputError      what a person or a file gave is wrong; they can mend it      (retryable: no)
├── SourceError     a source of sound failed                                     (retryable: says so)
├── DeliveryError   a receiver was not reached or refused                        (retryable: says so)
│   ├── NotSent         … and cannot have taken anything
│   └── OutcomeUnknown  … and may have acted all the same
├── ModelError      a model file cannot be had or must not be used               (retryable: says so)
├── AccessError     the caller may not do this, or not yet                       (retryable: no)
├── SettingsError   the settings document cannot be read, checked or written     (retryable: no)
└── ServiceError    the service itself cannot start, go on or answer now         (retryable: says so)

The core speaks codes and parameters; only the faces (page, API, terminal, log) speak French and English
(``claptrap.text``). ``str(error)`` is for programmers: the code and its parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


class ClapTrapError(Exception):
    """An expected failure.

    Args:
        code: stable dotted identifier, e.g. ``"source.device_missing"``; a key of ``text.catalogue``.
        retryable: whether trying the same thing again later can help.
        params: values for the sentence; JSON scalars only, never a secret.
    """

    def __init__(self, code: str, *, retryable: bool = False, **params: str | float) -> None:
        super().__init__(code)
        self.code = code
        self.retryable = retryable
        self.params = params

    def __str__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.code} ({values})" if values else self.code


class InputError(ClapTrapError):
    """What a person or a file gave is wrong, and they can mend it."""


class SourceError(ClapTrapError):
    """A source of sound failed."""


class DeliveryError(ClapTrapError):
    """A receiver was not reached, or refused.

    Attributes:
        steps: the steps of the attempt, in order, and how many seconds each took; it failed in the last.
    """

    steps: Mapping[str, float] = MappingProxyType({})


class NotSent(DeliveryError):  # noqa: N818  # it says what it is; the tree above says that it is an error
    """A receiver was not reached: nothing of the message was sent, so it cannot have taken it."""


class OutcomeUnknown(DeliveryError):  # noqa: N818  # it says what it is; the tree above says that it is an error
    """The message was sent, and no answer says what became of it: the receiver may have acted."""


class ModelError(ClapTrapError):
    """A model file cannot be had, or must not be used."""


class AccessError(ClapTrapError):
    """The caller may not do this, or not yet."""


class SettingsError(ClapTrapError):
    """The settings document cannot be read, checked or written."""


class ServiceError(ClapTrapError):
    """The service itself cannot start or go on."""
