"""What happened: frozen plain data that crosses threads, machines and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

Labels = tuple[tuple[str, float], ...]
"""Names of sounds with scores in [0, 1], loudest first, e.g. ``(("Clapping", 0.81), ("Hands", 0.66))``."""


@dataclass(frozen=True, slots=True)
class Clap:
    """One accepted clap.

    Attributes:
        source_id: where it was heard.
        onset_s: where it starts, seconds of audio since the stream's epoch began.
        decided_s: last sample that had to be heard before the decision, same clock.
        timestamp: the onset in UTC Unix seconds.
        score: [0, 1].
    """

    source_id: str
    onset_s: float
    decided_s: float
    timestamp: float
    score: float


@dataclass(frozen=True, slots=True)
class Event:
    """One detection: what receivers get, after pattern and delay.

    ``id`` is (source, stream epoch, sequence): a repeat of the same detection has the same id and can be dropped.

    Attributes:
        source_id, source_name, kind: the source at the time.
        epoch: names one uninterrupted stream of that source, unique over restarts.
        sequence: 0, 1, 2 … within the epoch.
        onset_s, decided_s: of the (first) clap, seconds of audio in the epoch.
        timestamp: the onset in UTC Unix seconds.
        score: [0, 1], the best of its claps.
        claps: how many claps made it; 0 for a sound.
        labels: the sounds heard around it; empty without YAMNet.
        applause: whether this is applause that begins, a crowd's or one person's, rather than claps.
        trigger, trigger_name: which of the source's sounds or rhythms it is; empty for claps and applause.
        heard_by: ids of the sources whose detections were merged into this one, the nearest first; empty for its own alone.
        test: whether its claps were inserted into the sound to try the path (``runtime.proof``), and none is of the room.
    """

    source_id: str
    source_name: str
    kind: str
    epoch: str
    sequence: int
    onset_s: float
    decided_s: float
    timestamp: float
    score: float
    claps: int = 1
    labels: Labels = ()
    applause: bool = False
    trigger: str = ""
    trigger_name: str = ""
    heard_by: tuple[str, ...] = ()
    test: bool = False

    @property
    def what(self) -> Literal["clap", "applause", "sound", "rhythm"]:
        """What it is; a sound has no claps."""
        if self.trigger:
            return "rhythm" if self.claps else "sound"
        return "applause" if self.applause else "clap"

    @property
    def hearers(self) -> tuple[str, ...]:
        """The ids of all sources that heard it."""
        return self.heard_by or (self.source_id,)

    @property
    def id(self) -> str:
        """``source:epoch:sequence``, unique for ever."""
        return f"{self.source_id}:{self.epoch}:{self.sequence}"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, the derived ``id`` included for readers."""
        return {
            "id": self.id,
            **asdict(self),
            "labels": [list(label) for label in self.labels],
            "heard_by": list(self.heard_by),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Event:
        """Rebuild an event from ``to_json``. Raises KeyError or TypeError on anything else."""
        rest = {k: v for k, v in data.items() if k != "id"}
        labels = tuple((str(name), float(score)) for name, score in data["labels"])
        return cls(**{**rest, "labels": labels, "heard_by": tuple(data.get("heard_by", ()))})


class State(StrEnum):
    """A source's life. IDLE → CONNECTING → LIVE → RETRYING → …; FAILED: a person must mend it, it is tried each minute."""

    IDLE = "idle"
    CONNECTING = "connecting"
    LIVE = "live"
    RETRYING = "retrying"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The state of one source.

    Attributes:
        source_id, state: which, and its state.
        code: the reason, a key of ``text.catalogue``; empty when all is well.
        params: values for that sentence.
        attempt: how many times in a row it was tried again.
        next_in_s: seconds until the next try, 0 when none is planned.
        last_heard: UTC Unix seconds of the newest sample; None if never.
        rate_hz, channels: native format; 0 if not open.
        dropped_hops: 20 ms hops lost because hearing fell behind, since start.
        missing_hops: 20 ms hops that never arrived from a source that went on, since start: a network that loses packets.
        node: the node of the cluster that hears it; empty for this very process.
    """

    source_id: str
    state: State
    code: str = ""
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    attempt: int = 0
    next_in_s: float = 0.0
    last_heard: float | None = None
    rate_hz: int = 0
    channels: int = 0
    dropped_hops: int = 0
    missing_hops: int = 0
    node: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """Loudness of one source over the last beat of the page.

    Attributes:
        peak_dbfs: peak since the last one, dB relative to full scale; −120 for exact silence.
        rms_dbfs: root mean square, same unit.
    """

    source_id: str
    peak_dbfs: float
    rms_dbfs: float


@dataclass(frozen=True, slots=True)
class Levels:
    """The loudness of all that was heard in the last tenth of a second: one piece of news for any number of sources."""

    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """The sounds that YAMNet names on one source just now."""

    source_id: str
    timestamp: float
    labels: Labels


@dataclass(frozen=True, slots=True)
class TaughtWindow:
    """YAMNet's result for one window of a source that a person is teaching a sound.

    Attributes:
        timestamp: UTC Unix seconds of its end.
        peak: of its samples, [0, 1].
        vector: as ``detect.taught.packed`` writes it.
        labels: what YAMNet calls it.
    """

    source_id: str
    timestamp: float
    peak: float
    vector: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one candidate, accepted or not; the page shows near misses with it.

    Attributes:
        code: the reason, a key of ``text.catalogue``.
        params: values for that sentence.
        labels: the sounds heard there; empty without YAMNet, and for what is far from a clap.
        test: whether the clap was inserted into the sound to try the path.
    """

    source_id: str
    timestamp: float
    score: float
    threshold: float
    accepted: bool
    code: str = ""
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    labels: Labels = ()
    test: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """Columns of one source's spectrogram, for pages that show it.

    Attributes:
        timestamp: UTC Unix seconds at which the first column begins.
        columns: one every 20 ms, each ``runtime.spectrogram.BANDS`` + 1 bytes: the peak, then the bands from low to high;
            0 for −100 dB or less, 255 for 0 dB.
    """

    source_id: str
    timestamp: float
    columns: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver to one receiver, and its result.

    Attributes:
        event_id: the event that was sent; starts with ``test:`` for the test button.
        target_id, source_id: the receiver, and the source of the event.
        url: redacted address.
        number: 1, 2, 3 …
        at: UTC Unix seconds when it began.
        took_s: how long it took.
        status: HTTP status, 0 where none came.
        code: why it failed, a key of ``text.catalogue``; empty on success.
        params: values for that sentence.
        retry_in_s: seconds until the next attempt; None when this was the last.
        delivery_id: the ``Delivery`` that was attempted.
        excerpt: how the answer began, its secrets masked.
        steps: the steps that were taken (``name``, ``connection``, ``tls``, ``answer``), in order, and how many seconds each
            took; it failed in the last.
    """

    event_id: str
    target_id: str
    source_id: str
    url: str
    number: int
    at: float
    took_s: float
    status: int = 0
    code: str = ""
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    retry_in_s: float | None = None
    delivery_id: str = ""
    excerpt: str = ""
    steps: Mapping[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the receiver took it."""
        return not self.code


@dataclass(frozen=True, slots=True)
class ClipKept:
    """The clip of a detection was written."""

    event_id: str


@dataclass(frozen=True, slots=True)
class ModelProgress:
    """Progress of a model file's download.

    Attributes:
        name: the file's.
        done_bytes, size_bytes: so far, and in all.
        code: why it failed, a key of ``text.catalogue``; empty while it goes well.
        params: values for that sentence.
        retry_in_s: seconds until the next try; None while it goes well, or when there will be none.
        in_use: whether it is there and hearing uses it.
    """

    name: str
    done_bytes: int
    size_bytes: int
    code: str = ""
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    retry_in_s: float | None = None
    in_use: bool = False


@dataclass(frozen=True, slots=True)
class DetectionRunning:
    """Detection was started or stopped."""

    running: bool


@dataclass(frozen=True, slots=True)
class SheddingChanged:
    """How many steps hearing leaves out because the machine is too slow: ``level``, 0 to 2."""

    level: int


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The settings changed: the whole new document, as JSON data."""

    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a person should know or mend.

    Attributes:
        code: a key of ``text.catalogue``.
        params: values for that sentence.
    """

    code: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProblemsChanged:
    """The list of problems changed: all current ones."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class BrokerLink:
    """The link to the MQTT broker changed: ``off``, ``waiting`` or ``connected``."""

    state: str


@dataclass(frozen=True, slots=True)
class LearningChanged:
    """A source's profile, its examples or its calibration changed."""

    source_id: str


Status = (
    SourceStatus
    | Levels
    | Heard
    | Verdict
    | Picture
    | Clap
    | Attempt
    | ClipKept
    | ModelProgress
    | DetectionRunning
    | SheddingChanged
    | SettingsChanged
    | ProblemsChanged
    | BrokerLink
    | LearningChanged
    | TaughtWindow
)
"""What the lossy side carries: everything that a live page shows; some of it may be lost."""


class EventSink(Protocol):
    """Durable: may block, must not lose."""

    def record(self, event: Event, age_s: float = 0.0) -> None:
        """Accept an event that was decided ``age_s`` ago; a second call with the same id changes nothing."""


class StatusSink(Protocol):
    """Lossy: never blocks."""

    def offer(self, status: Status) -> None:
        """Accept a status, or drop it and count."""
