"""What server and nodes exchange: names of subjects, streams and keys, and the JSON form of what they carry."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from claptrap.core.errors import InputError
from claptrap.core.events import (
    Clap,
    Event,
    Heard,
    Level,
    Levels,
    Picture,
    SourceStatus,
    State,
    Status,
    TaughtWindow,
    Verdict,
)
from claptrap.core.spec import BrowserInput, SourceSpec

WORK, EVENTS, BUCKET = "claptrap-work", "claptrap-events", "claptrap"
"""Two streams and a bucket: which sources are to be heard; what was heard; specs, holders, fences, draining nodes."""
ANY, SERVER_CONSUMER = "any", "server"
SPEC, HELD, FENCE, DRAIN = "spec", "held", "fence", "drain"
"""First parts of the bucket's keys; the second is a source's id, for ``DRAIN`` a node's name."""
ACK_WAIT_S = 5.0  # a node that says nothing for this long loses its sources
KEEP_S = 1.2  # so often it says that it still hears them
BEAT_S = 1.0
LOST_S = 5.0  # without a beat for this long, a node is taken for lost


def work_subject(source_id: str, node: str | None) -> str:
    """Return where the message stands that makes ``node``, or any, hear a source."""
    return f"claptrap.work.node.{node}.{source_id}" if node else f"claptrap.work.any.{source_id}"


def node_consumer(name: str) -> str:
    """Return the consumer through which a node gets what is pinned to it."""
    return f"node-{name}"


@dataclass(frozen=True, slots=True, order=True)
class Placement:
    """Which of several placements of one source is newer: the greater one.

    A fencing token. JetStream's own count of deliveries would not do: a consumer that is made again, or a new leader, may
    count from an older number on, and two nodes would hear a source by equal placements.

    Attributes:
        generation: when it was last offered for placement, in Unix ms; it never falls.
        revision: of the bucket, when the node wrote there that it hears the source.
    """

    generation: int
    revision: int

    @property
    def prefix(self) -> str:
        """What the names of all streams heard by it begin with."""
        return f"{self.generation:x}-{self.revision:x}-"

    @classmethod
    def of_epoch(cls, epoch: str) -> Placement | None:
        """Return the placement of an event's epoch; None where no node heard it."""
        numbers = epoch.split("-")
        return cls(int(numbers[0], 16), int(numbers[1], 16)) if len(numbers) == 3 else None


@dataclass(frozen=True, slots=True)
class Holder:
    """Which node hears a source, by which placement.

    Attributes:
        placement: which.
        node: its name.
        at: when it took the source, before it opened it: UTC Unix seconds by the server's clock; None where unknown.
    """

    placement: Placement
    node: str
    at: float | None = None

    def dump(self) -> bytes:
        """Return the JSON form."""
        return _dump(asdict(self))

    @classmethod
    def load(cls, data: bytes) -> Holder:
        """Rebuild a holder."""
        given = json.loads(data)
        return cls(Placement(**given["placement"]), given["node"], given.get("at"))


def dump_claim(generation: int, node: str) -> bytes:
    """Return what ``node`` writes into the bucket to hear a source; the revision that this gets completes its placement."""
    return _dump({"generation": generation, "node": node})


def load_claim(data: bytes, revision: int) -> Holder:
    """Return who wrote a claim, by which placement."""
    given = json.loads(data)
    return Holder(Placement(given["generation"], revision), given["node"])


_DEFAULTS = SourceSpec("", "", BrowserInput()).to_json()


class Seal:
    """Encrypts specs with the key that the server and its nodes share: camera passwords and addresses are in them.

    Args:
        key: as ``Fernet.generate_key`` makes it.

    Raises:
        InputError: ``cluster.bad_key``: this is no key.
    """

    def __init__(self, key: bytes) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise InputError("cluster.bad_key") from error

    @classmethod
    def of_file(cls, path: Path, *, make: bool = False) -> Seal:
        """Return the seal whose key is in a file.

        Args:
            path: the file.
            make: whether to make it where it is missing, readable only for its owner.

        Raises:
            InputError: ``cluster.no_key``, ``cluster.bad_key``.
        """
        try:
            if make and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(mode=0o600)
                path.write_bytes(Fernet.generate_key() + b"\n")
            return cls(path.read_bytes().strip())
        except OSError as error:
            raise InputError("cluster.no_key", path=str(path), reason=error.strerror or str(error)) from error

    def encrypt(self, data: bytes) -> bytes:
        """Return ``data``, encrypted."""
        return self._fernet.encrypt(data)

    def decrypt(self, data: bytes) -> bytes:
        """Return what was encrypted. Raises InputError: ``cluster.wrong_key``: it was with another key."""
        try:
            return self._fernet.decrypt(data)
        except InvalidToken as error:
            raise InputError("cluster.wrong_key") from error

    def close(self, spec: SourceSpec) -> bytes:
        """Return ``spec``, encrypted."""
        return self.encrypt(_dump(spec.to_json()))

    def open(self, data: bytes) -> SourceSpec:
        """Return the spec in ``data``. What a newer ClapTrap has in it is left out; what an older one lacks has its default.

        Raises:
            InputError: ``cluster.wrong_key``: it was encrypted with another key; ``cluster.unknown_kind``: this ClapTrap
                is too old for its kind of source.
        """
        given: dict[str, Any] = json.loads(self.decrypt(data))
        known = {field.name for field in fields(SourceSpec)} | {"kind"}
        try:
            return SourceSpec.from_json(_DEFAULTS | {name: value for name, value in given.items() if name in known})
        except (KeyError, TypeError, ValueError) as error:
            raise InputError("cluster.unknown_kind", kind=str(given.get("kind"))) from error


@dataclass(frozen=True, slots=True)
class Beat:
    """What a node says of itself every second.

    Attributes:
        node: its name.
        version: of its ClapTrap.
        capacity: movable sources that it can hear; 0 while it drains or leaves.
        sources: movable sources that it hears.
        pinned: other sources that it hears.
        cpu: share of one core that it used in the last second.
        moves: sources that it took from another node, or from itself after a break, since its start.
        waiting_events: events that wait for the broker.
        lost_events: events that it could not keep, since its start.
        offset_s: what its clock lacks to be as far as the server's; None while it does not know.
        state: ``ready``, ``draining`` or ``leaving``.
        slow: whether it cannot keep up: it leaves things out, or has lost sound and offers less since.
    """

    node: str
    version: str
    capacity: int
    sources: int
    pinned: int = 0
    cpu: float = 0.0
    moves: int = 0
    waiting_events: int = 0
    lost_events: int = 0
    offset_s: float | None = None
    state: str = "ready"
    slow: bool = False

    def dump(self, unix: float) -> bytes:
        """Return the JSON form, with the node's time."""
        return _dump({**asdict(self), "unix": unix})

    @classmethod
    def load(cls, data: bytes) -> tuple[Beat, float]:
        """Rebuild a beat and its time; what is unknown here is left out."""
        given = json.loads(data)
        return cls(**known(cls, given)), given["unix"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the server answers a beat.

    Attributes:
        echo: the beat's time.
        unix: the server's time.
        watched: whether a page is open, so that levels and sounds are wanted.
        shown: the sources whose spectrograms are wanted.
    """

    echo: float
    unix: float
    watched: bool = False
    shown: Sequence[str] = ()

    def dump(self) -> bytes:
        """Return the JSON form."""
        return _dump(asdict(self))

    @classmethod
    def load(cls, data: bytes) -> Wishes:
        """Rebuild it; what is unknown here is left out."""
        return cls(**known(cls, json.loads(data)))


def dump_event(event: Event, recorded_at: float, offset_s: float | None) -> bytes:
    """Return an event with when it was made by its node's clock (UTC Unix seconds), and what that clock lacks."""
    return _dump({"event": event.to_json(), "recorded_at": recorded_at, "offset_s": offset_s})


def load_event(data: bytes) -> tuple[Event, float | None]:
    """Rebuild what ``dump_event`` wrote, and when it was made, by the server's clock; None where its offset is unknown."""
    given = json.loads(data)
    event, offset_s = Event.from_json(known(Event, given["event"])), given["offset_s"]
    if offset_s is None:
        return event, None
    return replace(event, timestamp=event.timestamp + offset_s), given["recorded_at"] + offset_s


NEWS: Mapping[str, type[Any]] = {
    kind.__name__: kind for kind in (SourceStatus, Levels, Heard, Verdict, Picture, Clap, TaughtWindow)
}
"""What of the lossy side comes from a worker, and so from nodes."""


def dump_news(node: str, news: Sequence[tuple[Placement | None, Status]]) -> bytes:
    """Return news with the placements that they come from."""
    return _dump(
        {
            "node": node,
            "news": [[placement and asdict(placement), type(one).__name__, _plain(one)] for placement, one in news],
        }
    )


def load_news(data: bytes) -> tuple[str, list[tuple[Placement | None, Status]]]:
    """Rebuild what ``dump_news`` wrote; kinds of news that are unknown here are left out."""
    given = json.loads(data)
    return given["node"], [
        (Placement(**placement) if placement else None, _rebuilt(NEWS[kind], one))
        for placement, kind, one in given["news"]
        if kind in NEWS
    ]


def _plain(news: Status) -> dict[str, Any]:
    plain = asdict(news)
    return {**plain, "columns": base64.b64encode(news.columns).decode()} if isinstance(news, Picture) else plain


def _rebuilt(kind: type[Any], given: dict[str, Any]) -> Status:
    given = known(kind, given)
    if kind is SourceStatus:
        given["state"] = State(given["state"])
    elif kind is Picture:
        given["columns"] = base64.b64decode(given["columns"])
    elif kind is Levels:
        given["levels"] = tuple(Level(**known(Level, level)) for level in given["levels"])
    if "labels" in given:
        given["labels"] = tuple((str(name), float(score)) for name, score in given["labels"])
    news: Status = kind(**given)
    return news


def known(kind: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of ``given`` the dataclass ``kind`` has here: another version may have more."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in given.items() if name in names}


def _dump(data: object) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()
