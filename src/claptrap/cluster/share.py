"""How many of the movable sources a node should hear: its share by capacity, which every node works out by the same sum."""

from __future__ import annotations

from dataclasses import dataclass

from claptrap.cluster.wire import LOST_S

SLACK = 0.1  # a node that has so much more than its share keeps it: moves are rare
SETTLED_S = 15.0  # a node gives nothing away before the others have been the same for this long
SHED_S = (
    10.0  # until a node that sheds and still loses sound sheds more: others need some seconds to take what it gives away
)
CALM_S = 45.0  # … where it is only late: hearing does all again half a minute after it keeps up
RECOVERY_S = 300.0  # a node that was too slow takes on one source more in each such time
STOOD_STILL_S = 2.5  # who has not looked for so long could not hear of the others either: a machine that was suspended


@dataclass(frozen=True, slots=True)
class OtherNode:
    """Another node: its capacity, and when it was last heard of (monotonic)."""

    capacity: int
    at: float


def share(capacity: int, others: int, movable: int) -> int:
    """Return how many of ``movable`` sources are due to a node of ``capacity``, beside ``others`` in all; rounded up."""
    total = capacity + others
    return min(capacity, -(-movable * capacity // total)) if total else 0


class Balance:
    """Decides how many sources a node asks for and gives away. Pure: time is an argument.

    Args:
        capacity: movable sources that the node shall hear at most.
        started: when the node began, monotonic seconds.
    """

    def __init__(self, capacity: int, started: float) -> None:
        self.most = capacity
        self.draining = False
        self._most_now = float(capacity)
        self._eased_at = started
        self._shed_at = float("-inf")
        self._peers: dict[str, OtherNode] = {}
        self._looked_at = started
        self._changed_at = started

    @property
    def capacity(self) -> int:
        """What the node offers now."""
        return 0 if self.draining else int(self._most_now)

    def heard_of(self, node: str, capacity: int, now: float) -> None:
        """Count another node."""
        known = self._peers.get(node)
        if known is None or known.capacity != capacity:
            self._changed_at = now
        self._peers[node] = OtherNode(capacity, now)

    def overloaded(self, held: int, now: float, *, loses_sound: bool) -> None:
        """Offer a tenth less than is held now: hearing is late, or loses sound. Not where no other node can take it."""
        if now - self._shed_at < (SHED_S if loses_sound else CALM_S) or not self.has_others(now):
            return
        self._shed_at = now
        self._most_now = max(0.0, min(self._most_now, held - max(1.0, held * SLACK)))
        self._eased_at = now

    def ease(self, now: float) -> None:
        """Offer one source more, where the node has kept up for long enough."""
        if self._most_now < self.most and now - self._eased_at >= RECOVERY_S:
            self._most_now = min(float(self.most), self._most_now + 1)
            self._eased_at = now

    def wanted(self, held: int, movable: int, now: float) -> int:
        """Return how many sources to ask for beside the ``held`` ones."""
        return max(0, share(self.capacity, self._others(now), movable) - held)

    def surplus(self, held: int, movable: int, now: float) -> int:
        """Return how many of the ``held`` to give away: those above capacity at once, above the share when settled."""
        others = self._others(now)
        if held > self.capacity:
            return held - self.capacity
        due = share(self.capacity, others, movable)
        is_settled = now - self._changed_at >= SETTLED_S
        return held - due if is_settled and held - due > max(1, due * SLACK) else 0

    @property
    def is_reduced(self) -> bool:
        """Whether it offers less than it was meant to, because hearing fell behind."""
        return self._most_now < self.most

    def has_others(self, now: float) -> bool:
        """Return whether another node can take sources."""
        return self._others(now) > 0

    def _others(self, now: float) -> int:
        missed_s, self._looked_at = now - self._looked_at, now
        if missed_s > STOOD_STILL_S:
            self._peers = {
                name: OtherNode(peer.capacity, min(now, peer.at + missed_s)) for name, peer in self._peers.items()
            }
        gone = [name for name, peer in self._peers.items() if now - peer.at > LOST_S]
        for name in gone:
            del self._peers[name]
            self._changed_at = now
        return sum(peer.capacity for peer in self._peers.values())
