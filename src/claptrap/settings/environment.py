"""Environment variables that stand for options of the command line, to be shown beside the settings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from claptrap.core.weburl import MASK, masked

PREFIX = "CLAPTRAP_"
OTHERS = (
    "CLAPTRAP_CAPACITY",
    "CLAPTRAP_JOIN",
    "CLAPTRAP_MEDIAMTX_DIR",
    "CLAPTRAP_MEDIAMTX_URL",
    "CLAPTRAP_MODELS_DIR",
    "CLAPTRAP_NODE",
    "CLAPTRAP_PROGRAM",
    "CLAPTRAP_WEIGHTS_DIR",
    "CLAPTRAP_YAMNET_URL",
)
"""Variables that are no option of ``claptrap serve``."""

_SECRET = re.compile(r"PASS|SECRET|TOKEN|KEY")
_NEAR = 0.8


@dataclass(frozen=True, slots=True)
class Override:
    """One variable that is set.

    Attributes:
        variable: its name.
        option: of ``claptrap serve``, which it stands for; empty where it is no option.
        value: as it may be shown.
        near: the variable that was perhaps meant, where this one is unknown; else empty.
    """

    variable: str
    option: str
    value: str
    near: str


def overrides(environment: Mapping[str, str], options: Mapping[str, str]) -> tuple[Override, ...]:
    """Return the variables of ours that are set, by name.

    Args:
        environment: as of the process.
        options: the variable of each option → the option.
    """
    known = [*options, *OTHERS]
    found = sorted(name for name, value in environment.items() if name.startswith(PREFIX) and value)
    return tuple(
        Override(name, options.get(name, ""), _shown(name, environment[name]), "" if name in known else _near(name, known))
        for name in found
    )


def _shown(name: str, value: str) -> str:
    return MASK if _SECRET.search(name) else masked(value)


def _near(name: str, known: list[str]) -> str:
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=_NEAR)), "")
