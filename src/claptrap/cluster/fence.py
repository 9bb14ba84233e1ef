"""Which node hears each source, and what of an older placement is still to be believed. Pure: time is an argument."""

from __future__ import annotations

import json

from claptrap.cluster.wire import Holder, Placement

REMEMBERED = 16  # holders of a source
APART_S = 0.25  # by so much later, beyond the time that opening a source takes, may the same sound reach another node


class Fence:
    """The newest holders of each source, oldest first."""

    def __init__(self) -> None:
        self._holders: dict[str, list[Holder]] = {}

    def holder(self, source_id: str) -> Holder | None:
        """Return who took a source last."""
        known = self._holders.get(source_id)
        return known[-1] if known else None

    def node(self, source_id: str) -> str:
        """Return the name of that node; empty where none took it."""
        holder = self.holder(source_id)
        return holder.node if holder else ""

    def is_current(self, source_id: str, placement: Placement | None) -> bool:
        """Return whether no placement is newer than this one."""
        holder = self.holder(source_id)
        return holder is not None and placement is not None and placement >= holder.placement

    def add(self, source_id: str, holder: Holder) -> bool:
        """Believe no older holder of a source from ``holder.at`` on; return False where it is not the newest."""
        newest = self.holder(source_id)
        if newest is not None and newest.placement >= holder.placement:
            return False
        self._holders[source_id] = [*self._holders.get(source_id, []), holder][-REMEMBERED:]
        return True

    def forget(self, source_id: str) -> None:
        """Forget a source."""
        self._holders.pop(source_id, None)

    def is_open(self, source_id: str, placement: Placement, recorded_at: float | None) -> bool:
        """Return whether to believe an event of a placement that was made at a moment.

        Args:
            source_id: whose sound.
            placement: by which it was heard.
            recorded_at: UTC Unix seconds by the server's clock; None where that is unknown.

        An older placement is believed in what it made before the next one began: a node that was cut off, or whose events
        waited for NATS, was the only one to hear it. When it was made counts, not when it sounded: sound that arrives late
        arrives at both.
        """
        known = self._holders.get(source_id, [])
        newer = [holder for holder in known if holder.placement > placement]
        if not newer:
            return True
        is_forgotten = len(newer) == REMEMBERED  # then others may have come between
        at = newer[0].at
        return not is_forgotten and at is not None and recorded_at is not None and recorded_at < at - APART_S

    def dump(self, source_id: str) -> bytes:
        """Return the JSON form of what is known of a source."""
        return json.dumps([json.loads(holder.dump()) for holder in self._holders.get(source_id, [])]).encode()

    def load(self, source_id: str, data: bytes) -> None:
        """Take over what ``dump`` returned, unless something is known of the source."""
        self._holders.setdefault(source_id, [Holder.load(json.dumps(given).encode()) for given in json.loads(data)])
