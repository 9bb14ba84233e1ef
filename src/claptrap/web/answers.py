"""The forms of what the service says, made of the very dataclasses that it says; the API's description is made of them."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from types import GenericAlias
from typing import Any, Literal, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from claptrap.core.events import (
    Attempt,
    ClipKept,
    Event,
    Heard,
    Level,
    ModelProgress,
    Picture,
    Problem,
    SourceStatus,
    Verdict,
)
from claptrap.delivery.circuit import Standing
from claptrap.history.clips import Total
from claptrap.history.query import Count, Mark, Told
from claptrap.mediamtx import paths as mediamtx
from claptrap.runtime.counts import SourceCounts
from claptrap.selftest.trials import Stage
from claptrap.service.access import Token
from claptrap.service.undo import Step
from claptrap.settings.backups import Backup
from claptrap.settings.changes import Change
from claptrap.settings.environment import Override
from claptrap.settings.import_plan import Format, Mode
from claptrap.settings.schema import AnySource, ClipSettings, Settings, wire_name
from claptrap.sources.microphone import Device
from claptrap.sources.microphone import Measured as MeasuredSound
from claptrap.sources.rtsp import ProbeResult
from claptrap.sources.vban_port import PortCounts, SeenStream, StreamCounts

Params = dict[str, Any]
_WORDED: dict[str, Any] = {"code": str, "params": Params, "message_fr": str, "message_en": str}
_ATTRIBUTE = re.compile(r"(?m)^    ((?:\w+, )*\w+): ((?:.|\n        )+)")


def form(name: str, of: type | None = None, *, without: tuple[str, ...] = (), about: str = "", **more: Any) -> Any:
    """Return a model that says exactly these fields.

    Args:
        name: its name in descriptions.
        of: a dataclass whose fields it has, described by its docstring.
        without: those that it does not have.
        about: what it is, where no docstring says so.
        more: further fields, or others in the place of the dataclass's.
    """
    said = _attributes(of) if of else {}
    hints = get_type_hints(of) if of else {}
    kept = {f.name: hints[f.name] for f in fields(of) if f.name not in without} if of else {}
    found = {
        field: (kind, Field(description=said[field]) if field in said else ...) for field, kind in {**kept, **more}.items()
    }
    doc = about or (inspect.cleandoc(of.__doc__ or "").partition("\n\n")[0] if of else "")
    return create_model(name, __config__=ConfigDict(extra="forbid"), __doc__=doc or None, **found)  # type: ignore[call-overload]  # its fields are data


def many(kind: Any) -> Any:
    """Return the type of lists of ``kind``, which is data to the type checker."""
    return GenericAlias(list, (kind,))


def by_name(kind: Any) -> Any:
    """Return the type of objects whose values are of ``kind``."""
    return GenericAlias(dict, (str, kind))


def _attributes(of: type) -> dict[str, str]:
    """Return what a docstring says of each attribute."""
    part = inspect.cleandoc(of.__doc__ or "").partition("Attributes:\n")[2]
    return {name: " ".join(text.split()) for names, text in _ATTRIBUTE.findall(part) for name in names.split(", ")}


# -- detections and deliveries

Label = form("Label", label=str, label_fr=str, score=float, about="A sound that YAMNet names; `label` never changes.")
Detection = form("Detection", Event, id=str, labels=many(Label), latency_s=float, mark=Mark | None, clip=bool)
DetectionPage = form("DetectionPage", events=many(Detection), cursor=str | None)
Counts = form("Counts", per=Literal["hour", "day"], counts=many(Count))
Forgotten = form("Forgotten", deleted=int, clips=int)
Deleted = form("Deleted", deleted=int)
_bounds: dict[str, Any] = {name: field.annotation for name, field in ClipSettings.model_fields.items()}
Clips = form("Clips", Total, **_bounds)
Tried = form("Attempt", Attempt, **_WORDED, ok=bool)
Delivery = form("Delivery", Told, **{**_WORDED, "attempts": many(Tried)})
DeliveryPage = form("DeliveryPage", deliveries=many(Delivery), cursor=str | None)
SentAgain = form("SentAgain", event_id=str, receivers=int)
Sent = form("Sent", event_id=str, about="The outcome comes as `delivery` over Socket.IO.")

_standing: dict[str, Any] = {"state": Literal["well", "failing", "open"], "waiting": int}
Notifier = form("Notifier", installed=bool, **_WORDED, about="Whether notifications can be sent; else what to install.")
Receiver = form("Receiver", Standing, id=str, source_id=str, url=str, **_standing, **_WORDED)

_Sample = form("Sample", event=str, real=bool, body=str, **_WORDED)
Preview = form("Preview", method=str, content_type=str, samples=many(_Sample))

# -- sources

Status = form("SourceStatus", SourceStatus, **_WORDED)
_Counted = form("SourceCounts", SourceCounts, without=("level",))
_KINDS = get_args(get_args(AnySource)[0])
_STATES = [
    create_model(
        wire_name(f"{kind.__name__}State"),
        __base__=kind,
        status=(Status, ...),
        counts=(_Counted, ...),
        level=(Level | None, ...),
    )
    for kind in _KINDS
]
Source: Any = _STATES[0] | _STATES[1]
for _one in _STATES[2:]:
    Source = Source | _one
Microphone = form("Microphone", Device, id=str, label=str)
Measured = form("Measured", MeasuredSound)
Probed = form("Probed", ProbeResult, **_WORDED)
Stream = form("VbanStream", SeenStream, without=("problem",), **_WORDED)
StreamPath = form("StreamPath", mediamtx.StreamPath, source_id=str | None)
StreamPaths = form("StreamPaths", paths=many(StreamPath), **_WORDED)
VbanCounts = form("VbanCounts", streams=many(StreamCounts), ports=many(PortCounts))
Invitation = form(
    "Invitation", address=str, secure=bool, about="Where a phone finds the page `/micro`; empty where nowhere."
)
Claimed = form("Claimed", id=str)

# -- settings


class ShownSettings(Settings):
    """The settings, secrets masked; `revision` is also their ETag, `serial` counts their changes since the start."""

    revision: str
    serial: int


Kept = form("Backup", Backup, without=("fault",), valid=bool, **_WORDED)
Backups = form("Backups", backups=many(Kept))
Compared = form("Compared", changes=many(Change), revision=str)
Done = form("Step", Step)
Steps = form("Steps", steps=many(Done))
Undone = form("Undone", step=Done, settings=ShownSettings)
Restored = form("Restored", changes=many(Change), settings=ShownSettings)
_Said = form("Said", path=str, **_WORDED)
_taken: dict[str, Any] = {
    "format": Format,
    "mode": Mode,
    "applicable": bool,
    "changes": many(Change),
    "notes": many(_Said),
    "faults": many(_Said),
}
Previewed = form("Previewed", **_taken, revision=str)
Imported = form("Imported", **_taken, settings=ShownSettings)

# -- logging in

AccessState = form(
    "Access",
    state=Literal["open", "in", "login", "setup"],
    has_password=bool,
    can_change=bool,
    about="Whether a login is needed: `open` (none), `in` (logged in), `login`, or `setup` (choose the first password).",
)
Key = form("Token", Token, without=("digest",))
NewKey = form("NewToken", Token, without=("digest",), token=str, about="A token for scripts; it is shown this once.")

# -- the whole

Progress = form("ModelProgress", ModelProgress, **_WORDED)
Trouble = form("Trouble", Problem, **_WORDED)
Fetching = form("Fetching", model=Progress | None)
Running = form("Running", running=bool)
Health = form("Health", ok=bool, reasons=many(Trouble))
Snapshot = form(
    "Snapshot",
    version=str,
    program=str,
    dev=bool,
    running=bool,
    language=Literal["fr", "en"],
    labels=bool,
    model=Progress | None,
    problems=many(Trouble),
    settings=ShownSettings,
    mqtt=Literal["off", "waiting", "connected"],
    environment=many(Override),
    statuses=by_name(Status),
    events=many(Detection),
    attempts=many(Tried),
    about="Everything that a page needs when it opens.",
)
_bilingual: dict[str, Any] = {f"{name}_{lang}": str for name in ("title", "area", "message") for lang in ("fr", "en")}
_Test = form("Test", id=str, code=str, area=str, stage=Stage, took_s=float, **_bilingual)
Tests = form("Tests", running=bool, tests=many(_Test))


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

ClapNews = form(
    "Clap",
    Event,
    without=("kind", "epoch", "sequence", "onset_s", "decided_s"),
    event_id=str,
    latency_s=float,
    labels=many(Label),
    about="A detection just made.",
)
ClipNews = form("ClipKept", ClipKept)
VerdictNews = form("Verdict", Verdict, **{**_WORDED, "labels": many(Label)})
PictureNews = form("Picture", Picture, columns=str)
LevelNews = many(form("Level", Level))
LabelNews = form("Heard", Heard, without=("labels",), detected=many(Label))
RunningNews = form("DetectionStatus", status=Literal["started", "stopped"])
TroubleNews = many(Trouble)
BrokerNews = form("BrokerLink", state=Literal["off", "waiting", "connected"])
