"""All built-in tests, in the order in which they run."""

from __future__ import annotations

from claptrap.selftest import files, sound, validation, webhooks
from claptrap.selftest.case import Case

CASES: tuple[Case, ...] = (*validation.CASES, *files.CASES, *webhooks.CASES, *sound.CASES)
