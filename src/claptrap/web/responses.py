"""Models of responses and Socket.IO events, made of the dataclasses that are sent; the API is described with them."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel

from claptrap.core.events import (
    Attempt,
    ClipKept,
    Event,
    Heard,
    LearningChanged,
    Level,
    ModelProgress,
    Picture,
    Problem,
    SourceStatus,
    Verdict,
)
from claptrap.delivery.circuit import CircuitState
from claptrap.history.clips import Total
from claptrap.history.query import Count, DeliveryRecord, DeliveryState, Mark
from claptrap.history.report import SourceReport
from claptrap.mediamtx import paths as mediamtx
from claptrap.runtime.counts import SourceCounts
from claptrap.selftest.runner import Stage
from claptrap.service.access_file import Token
from claptrap.service.cluster import NodeView
from claptrap.service.undo import Step
from claptrap.settings.backups import Backup, Why
from claptrap.settings.changes import Change
from claptrap.settings.environment import Override
from claptrap.settings.import_plan import Format, Mode
from claptrap.settings.original import Note
from claptrap.settings.schema import AnySource, ClipSettings, PatternSettings, Settings, wire_name
from claptrap.sources.microphone import Device
from claptrap.sources.microphone import Measured as MeasuredSound
from claptrap.sources.rtsp import ProbeResult
from claptrap.sources.vban_streams import PortCounts, SeenStream, StreamCounts
from claptrap.web.response_model import WITH_MESSAGES, Params, dict_of, list_of, response_model

# -- detections and deliveries

Label = response_model(
    "Label", label=str, label_fr=str, score=float, about="A sound that YAMNet names; `label` never changes."
)
Detection = response_model(
    "Detection",
    Event,
    id=str,
    labels=list_of(Label),
    latency_s=float,
    mark=Mark | None,
    clip=bool,
    deliveries=list_of(DeliveryState),
)
DetectionPage = response_model("DetectionPage", events=list_of(Detection), cursor=str | None)
Counts = response_model("Counts", per=Literal["hour", "day"], counts=list_of(Count))
Forgotten = response_model("Forgotten", deleted=int, clips=int)
Deleted = response_model("Deleted", deleted=int)
_bounds: dict[str, Any] = {name: field.annotation for name, field in ClipSettings.model_fields.items()}
Clips = response_model("Clips", Total, **_bounds)
Tried = response_model("Attempt", Attempt, **WITH_MESSAGES, ok=bool)
Delivery = response_model("Delivery", DeliveryRecord, **{**WITH_MESSAGES, "attempts": list_of(Tried)})
DeliveryPage = response_model("DeliveryPage", deliveries=list_of(Delivery), cursor=str | None)
SentAgain = response_model("SentAgain", event_id=str, receivers=int)
Sent = response_model("Sent", event_id=str, about="The outcome comes as `delivery` over Socket.IO.")

_standing: dict[str, Any] = {"state": Literal["well", "failing", "open"], "waiting": int}
Notifier = response_model(
    "Notifier", installed=bool, **WITH_MESSAGES, about="Whether notifications can be sent; else what to install."
)
Receiver = response_model("Receiver", CircuitState, id=str, source_id=str, url=str, **_standing, **WITH_MESSAGES)

_Sample = response_model("Sample", event=Literal["clap", "applause", "test"], real=bool, body=str, **WITH_MESSAGES)
Preview = response_model("Preview", method=str, content_type=str, samples=list_of(_Sample))

# -- sources

Status = response_model("SourceStatus", SourceStatus, **WITH_MESSAGES)
_Counted = response_model("SourceCounts", SourceCounts, without=("level",))
_KINDS = get_args(get_args(AnySource)[0])
_STATES = [
    response_model(wire_name(f"{kind.__name__}State"), kind, status=Status, counts=_Counted, level=Level | None)
    for kind in _KINDS
]
Source: Any = _STATES[0] | _STATES[1]
for _one in _STATES[2:]:
    Source = Source | _one
PatternPresets = response_model("PatternPresets", presets=dict_of(list_of(PatternSettings)))
Microphone = response_model("Microphone", Device, id=str, label=str)
Measured = response_model("Measured", MeasuredSound)
Probed = response_model("Probed", ProbeResult, **WITH_MESSAGES)
Stream = response_model("VbanStream", SeenStream, without=("problem",), **WITH_MESSAGES)
Node = response_model("Node", NodeView)
NodeDevices = response_model(
    "NodeDevices", microphones=list_of(Microphone), vban=list_of(Stream), about="What could be heard at a node."
)
StreamPath = response_model("StreamPath", mediamtx.StreamPath, source_id=str | None)
StreamPaths = response_model("StreamPaths", paths=list_of(StreamPath), **WITH_MESSAGES)
VbanCounts = response_model("VbanCounts", streams=list_of(StreamCounts), ports=list_of(PortCounts))
Invitation = response_model(
    "Invitation", address=str, secure=bool, about="Where a phone finds the page `/micro`; empty where nowhere."
)
Claimed = response_model("Claimed", id=str)

_ProofStep = response_model(
    "ProofStep",
    step=Literal["frame", "onset", "models", "threshold", "pattern", "journal", "acts", "receiver"],
    ms=int,
    ok=bool | None,
    clap=int,
    receiver=str,
    **WITH_MESSAGES,
    about="A step that test claps have reached, and how long after they began; `ok` is null while an answer is awaited.",
)
Proof = response_model(
    "Proof", source_id=str, event_id=str, state=Literal["running", "passed", "failed"], steps=list_of(_ProofStep)
)

# -- settings

ShownSettings = response_model(
    "ShownSettings",
    Settings,
    revision=str,
    serial=int,
    about="The settings, secrets masked; `revision` is also their ETag, `serial` counts their changes since the start.",
)
_kept: dict[str, Any] = {**WITH_MESSAGES, "why": Why, "valid": bool, "changes": list_of(Change)}
Kept = response_model("Backup", Backup, without=("settings", "fault"), **_kept)
Backups = response_model("Backups", backups=list_of(Kept))
Compared = response_model("Compared", changes=list_of(Change), revision=str)
Done = response_model("Step", Step, why=Literal["change", "restore", "import", "undo"])
Steps = response_model("Steps", steps=list_of(Done))
Undone = response_model("Undone", step=Done, settings=ShownSettings)
Restored = response_model("Restored", changes=list_of(Change), settings=ShownSettings)
_Said = response_model("Said", path=str, **WITH_MESSAGES)
_taken: dict[str, Any] = {
    "format": Format,
    "mode": Mode,
    "applicable": bool,
    "changes": list_of(Change),
    "notes": list_of(response_model("ImportNote", Note, **WITH_MESSAGES)),
    "faults": list_of(_Said),
}
Previewed = response_model("Previewed", **_taken, revision=str)
Imported = response_model("Imported", **_taken, settings=ShownSettings)

# -- logging in

AccessState = response_model(
    "Access",
    state=Literal["open", "in", "login", "setup"],
    has_password=bool,
    can_change=bool,
    ingress=bool,
    about="Whether a login is needed: `open` (none), `in` (logged in), `login`, or `setup` (choose the first password); "
    "and whether Home Assistant shows the page within its own.",
)
TokenModel = response_model("Token", Token, without=("digest",))
NewTokenModel = response_model(
    "NewToken", Token, without=("digest",), token=str, about="A token for scripts; it is shown this once."
)

# -- the whole

Progress = response_model("ModelProgress", ModelProgress, **WITH_MESSAGES)
Trouble = response_model("Trouble", Problem, **WITH_MESSAGES)
Fetching = response_model("Fetching", model=Progress | None)
Running = response_model("Running", running=bool)
Health = response_model("Health", ok=bool, reasons=list_of(Trouble))
Day = response_model(
    "Day",
    start=float,
    live=list_of(float | None),
    detections=list_of(int),
    about="24 hours of a source, the last still running; `live` is the share in which it was heard, null where it was off.",
)
Acting = response_model("Acting", acts=bool, until=float | None, **WITH_MESSAGES)
Arming = response_model("Arming", armed=bool, snoozed_until=float, sources=dict_of(Acting))
WeekOfSource = response_model("WeekOfSource", SourceReport, live=float | None, outages=int)
Week = response_model(
    "Week",
    start=float,
    end=float,
    sources=dict_of(WeekOfSource),
    about="A week from Monday 00:00 UTC, by source; `live` is the share of the wanted time in which it was heard.",
)
Reports = response_model("Reports", weeks=list_of(Week))
VerdictNews = response_model("Verdict", Verdict, **{**WITH_MESSAGES, "labels": list_of(Label)})
_Recent = response_model(
    "Recent",
    levels=list_of(float | None),
    verdicts=list_of(VerdictNews),
    about="The last minute of a source: the peak of each second in dBFS (null without sound), and its candidates.",
)
Snapshot = response_model(
    "Snapshot",
    now=float,
    version=str,
    program=str,
    dev=bool,
    running=bool,
    language=Literal["fr", "en"],
    labels=bool,
    model=Progress | None,
    problems=list_of(Trouble),
    settings=ShownSettings,
    mqtt=Literal["off", "waiting", "connected"],
    environment=list_of(Override),
    statuses=dict_of(Status),
    events=list_of(Detection),
    attempts=list_of(Tried),
    newest=list_of(Detection),
    recent=dict_of(_Recent),
    days=dict_of(Day),
    delays=dict_of(float),
    about="Everything that a page needs when it opens.",
)
_bilingual: dict[str, Any] = {f"{name}_{lang}": str for name in ("title", "area", "message") for lang in ("fr", "en")}
_Test = response_model("Test", id=str, code=str, area=str, stage=Stage, took_s=float, **_bilingual)
Tests = response_model("Tests", running=bool, tests=list_of(_Test))


class Fault(BaseModel):
    """One thing wrong with a document."""

    path: str
    code: str
    params: Params
    value: str
    message: str


class ProblemDocument(BaseModel):
    """Why something was not done (RFC 9457): a code with its parameters, and a sentence in the language asked for."""

    type: Literal["about:blank"]
    title: str
    status: int
    code: str
    message: str
    params: Params
    faults: list[Fault]


# -- what comes over Socket.IO

ClapNews = response_model(
    "Clap",
    Event,
    without=("kind", "epoch", "sequence", "onset_s", "decided_s"),
    event_id=str,
    latency_s=float,
    labels=list_of(Label),
    about="A detection just made.",
)
ClipNews = response_model("ClipKept", ClipKept)
PictureNews = response_model("Picture", Picture, columns=str)
LevelNews = list_of(response_model("Level", Level))
LabelNews = response_model("Heard", Heard, without=("labels",), detected=list_of(Label))
RunningNews = response_model("DetectionStatus", status=Literal["started", "stopped"])
TroubleNews = list_of(Trouble)
BrokerNews = response_model("BrokerLink", state=Literal["off", "waiting", "connected"])
LearningNews = response_model("LearningChanged", LearningChanged)
