"""How fast a password may be guessed: pure, time is an argument.

An address has a few free attempts; then each failure doubles the pause before its next. All addresses together have an
allowance too, against many that take turns; an address that gave the right password lately is not held up by the others'.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

FREE = 5  # attempts before the first pause: what a person mistypes
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 600.0
FORGOTTEN_AFTER_S = 3600.0
ALL_FREE = 60  # attempts of all strangers together, at once …
ALL_EVERY_S = 20.0  # … and one more each, later: about 4,300 a day
MAX_ADDRESSES = 1000  # remembered; the oldest is forgotten first
MAX_KNOWN = 100


@dataclass(slots=True)
class _Tries:
    failures: int = 0
    at: float = 0.0


class Throttle:
    """Counts attempts. Not thread-safe: its owner has a lock."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._spent = 0.0
        self._spent_at = 0.0

    def wait_s(self, address: str, now: float) -> float:
        """Return for how long ``address`` must not try; 0 if it may now."""
        key = _key(address)
        tries = self._tries.get(key, _Tries(at=now))
        pause = 0.0
        if tries.failures >= FREE and now - tries.at < FORGOTTEN_AFTER_S:
            pause = min(FIRST_PAUSE_S * 2.0 ** min(tries.failures - FREE, 20), LONGEST_PAUSE_S) - (now - tries.at)
        if key not in self._known:
            pause = max(pause, (self._spent_now(now) + 1 - ALL_FREE) * ALL_EVERY_S)
        return max(0.0, pause)

    def try_once(self, address: str, now: float) -> None:
        """Count an attempt before its outcome is known, as a failure: many at once gain nothing."""
        key = _key(address)
        tries = self._tries.pop(key, _Tries())
        if now - tries.at >= FORGOTTEN_AFTER_S:
            tries.failures = 0
        self._tries[key] = _Tries(tries.failures + 1, now)
        if len(self._tries) > MAX_ADDRESSES:
            self._tries.popitem(last=False)
        if key not in self._known:
            self._spent, self._spent_at = self._spent_now(now) + 1, now

    def succeed(self, address: str) -> None:
        """Forget the failures of ``address``: it gave the right password or code."""
        key = _key(address)
        self._tries.pop(key, None)
        self._known.pop(key, None)
        self._known[key] = None
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    def _spent_now(self, now: float) -> float:
        return max(0.0, self._spent - (now - self._spent_at) / ALL_EVERY_S)


def _key(address: str) -> str:
    """Return what stands for ``address``: an IPv6 one by its network of 64 bits, which one household has whole."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 6 and (parsed.ipv4_mapped is None):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed.ipv4_mapped or parsed) if parsed.version == 6 else str(parsed)
