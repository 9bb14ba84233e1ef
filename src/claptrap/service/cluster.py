"""What the service asks of a cluster, and what it knows of a node. Who has no cluster has none of this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from claptrap.audio.clip import ClipSink
from claptrap.core.errors import ClapTrapError
from claptrap.core.events import EventSink, SourceStatus, StatusSink
from claptrap.core.spec import SourceSpec
from claptrap.runtime.candidate_recorder import CandidateSink

SERVER = "server"
"""The node of sources that this very process hears."""


@dataclass(frozen=True, slots=True)
class NodeView:
    """How a node is.

    Attributes:
        name: its name.
        state: ``ready``, ``draining``, ``leaving`` or ``lost``.
        version: of its ClapTrap.
        capacity: movable sources that it hears at most now.
        sources: ids of those that it hears, pinned ones included.
        cpu: share of one core that it uses.
        seen: UTC Unix seconds when it was last heard of.
        clock_offset_s: what its clock lacks to be as far as the server's; None while unknown.
        moves: sources that it took from other nodes, since its start.
        waiting_events: events that wait there for the broker.
        lost_events: events that it could not keep, since its start.
    """

    name: str
    state: str
    version: str
    capacity: int
    sources: Sequence[str]
    cpu: float
    seen: float
    clock_offset_s: float | None
    moves: int
    waiting_events: int
    lost_events: int


@dataclass(frozen=True, slots=True)
class ClusterSinks:
    """Where goes what nodes hear: events, statuses and other news, the sound around events, what may be a clap."""

    events: EventSink
    status: StatusSink
    clips: ClipSink
    candidates: CandidateSink


class Cluster(Protocol):
    """The nodes that hear for this service. Safe from any thread; nothing but ``devices`` waits for the network."""

    def start(self, sinks: ClusterSinks) -> None:
        """Connect, and pass on what nodes hear."""

    def stop(self) -> None:
        """Disconnect. The nodes go on hearing."""

    def is_remote(self, spec: SourceSpec) -> bool:
        """Return whether a node hears this source, rather than the service itself."""

    def apply(self, specs: Sequence[SourceSpec]) -> None:
        """Make ``specs`` all that nodes shall hear."""

    def statuses(self) -> Mapping[str, SourceStatus]:
        """Return how every source of the nodes is, by id."""

    def show(self, source_ids: Iterable[str]) -> None:
        """Have spectrograms of these sources, and of no others."""

    def attend(self, *, is_watched: bool) -> None:
        """Say whether a page is open."""

    def nodes(self) -> Sequence[NodeView]:
        """Return all nodes, by name."""

    def drain(self, name: str, *, is_draining: bool) -> None:
        """Have a node give its movable sources away and take none, or take some again.

        Raises:
            InputError: ``cluster.unknown_node``.
            ServiceError: ``cluster.disconnected``.
        """

    def devices(self, name: str) -> Mapping[str, Any]:
        """Return the microphones of a node and the VBAN streams that it receives.

        Raises:
            InputError: ``cluster.unknown_node``.
            ServiceError: ``cluster.no_answer``, ``cluster.disconnected``.
        """

    def problems(self) -> Sequence[ClapTrapError]:
        """Return what is out of order."""

    @property
    def fenced(self) -> int:
        """How many events were dropped, since the start, because another node had their source by then."""
