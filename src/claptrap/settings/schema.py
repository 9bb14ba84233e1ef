"""The settings document: what may be in it, and what is wrong with one that may not.

The document is checked whole; every fault is told with its path and reason, never only the first
(after Mopidy's ``config/schemas.py``, which answers with result and errors together).
"""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from claptrap.core.errors import InputError, SettingsError
from claptrap.core.spec import FileInput, MicrophoneInput, SourceInput, SourceSpec, TargetSpec, VbanInput
from claptrap.core.vbanname import check_name
from claptrap.core.weburl import check_url

VBAN_CHANNELS = 64


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a document.

    Attributes:
        path: where, dotted; list entries by their id where they have one, e.g. ``sources.microphone.threshold``.
        code: why, a key of ``core.wording``.
        params: values for that sentence.
    """

    path: str
    code: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)


class SettingsFaults(SettingsError):  # noqa: N818  # it is the list of faults, and already below …Error
    """The document is not valid; ``faults`` has every reason."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("settings.invalid_document", count=len(faults), first=faults[0].path or "document")
        self.faults = tuple(faults)


def _web_address(url: str) -> str:
    """An empty address means none yet; anything else must be one."""
    if url:
        try:
            check_url(url)
        except InputError as error:
            raise PydanticCustomError("claptrap", "{code}", {"code": error.code, "params": error.params}) from error
    return url


def _ipv4(host: str) -> str:
    """A VBAN stream is selected by its sender's address, in its one usual form."""
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError as error:
        raise PydanticCustomError("claptrap", "{code}", {"code": "vban.bad_host", "params": {}}) from error


def _stream_name(name: str) -> str:
    try:
        check_name(name)
    except InputError as error:
        raise PydanticCustomError("claptrap", "{code}", {"code": error.code, "params": error.params}) from error
    return name


def _channel(channel: str) -> str:
    if channel in ("mean", "loudest") or (channel.isascii() and channel.isdecimal() and 1 <= int(channel) <= VBAN_CHANNELS):
        return str(int(channel)) if channel.isdecimal() else channel
    params = {"bound": f"'mean', 'loudest', '1'…'{VBAN_CHANNELS}'"}
    raise PydanticCustomError("claptrap", "{code}", {"code": "settings.not_one_of", "params": params})


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class WebhookSettings(_Part):
    """Where a source's detections are posted."""

    enabled: bool = True
    url: Annotated[str, Field(max_length=2048), AfterValidator(_web_address)] = Field(default="", description="http(s)")
    timeout_s: float = Field(default=5.0, gt=0, le=60, description="bound on one whole attempt")
    max_attempts: int = Field(default=4, ge=1, le=10, description="attempts for one detection")
    max_age_s: float = Field(default=3600.0, gt=0, le=604_800, description="how long a detection may wait for it")


class _SourceSettings(_Part):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="stable identifier")
    name: str = Field(min_length=1, max_length=200)
    enabled: bool = True
    threshold: float = Field(default=0.5, ge=0, le=1, description="least score of a clap")
    delay_s: float = Field(default=0.5, gt=0, le=3600, description="least time between two detections")
    webhook: WebhookSettings = WebhookSettings()


class MicrophoneSettings(_Part):
    """A microphone of this machine."""

    device: str = Field(default="", max_length=500, description="name as listed; empty for the system's default")


class FileSettings(_Part):
    """A recording played in real time."""

    path: str = Field(min_length=1, max_length=4096)
    loop: bool = False


class VbanSettings(_Part):
    """A VBAN stream that another machine sends here."""

    host: Annotated[str, Field(max_length=64), AfterValidator(_ipv4)] = Field(description="the sender's IPv4 address")
    stream: Annotated[str, Field(max_length=64), AfterValidator(_stream_name)] = Field(description="its name, as listed")
    port: int = Field(default=6980, ge=1, le=65535, description="UDP port it is sent to")
    channel: Annotated[str, Field(max_length=8), AfterValidator(_channel)] = Field(
        default="mean", description="mean, loudest, or a number from 1"
    )


class MicrophoneSource(_SourceSettings):
    """A source that is a microphone."""

    kind: Literal["microphone"]
    input: MicrophoneSettings = MicrophoneSettings()

    def to_input(self) -> SourceInput:
        """Return the core's form of the input."""
        return MicrophoneInput(device=self.input.device)


class FileSource(_SourceSettings):
    """A source that is a recording."""

    kind: Literal["file"]
    input: FileSettings

    def to_input(self) -> SourceInput:
        """Return the core's form of the input."""
        return FileInput(path=self.input.path, loop=self.input.loop)


class VbanSource(_SourceSettings):
    """A source that is a VBAN stream."""

    kind: Literal["vban"]
    input: VbanSettings

    def to_input(self) -> SourceInput:
        """Return the core's form of the input."""
        return VbanInput(self.input.host, self.input.stream, self.input.port, self.input.channel)


AnySource = Annotated[MicrophoneSource | FileSource | VbanSource, Field(discriminator="kind")]


def _first_sources() -> list[AnySource]:
    return [MicrophoneSource(id="microphone", kind="microphone", name="Microphone")]


class HistorySettings(_Part):
    """What is kept of what was heard."""

    keep_days: int = Field(default=365, ge=1, le=36_500, description="then it is forgotten")


class Settings(_Part):
    """The whole document, version 1."""

    version: Literal[1] = 1
    language: Literal["fr", "en"] = "fr"
    sources: list[AnySource] = Field(default_factory=_first_sources, max_length=256)
    history: HistorySettings = HistorySettings()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [source.id for source in self.sources]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise PydanticCustomError("claptrap", "{code}", {"code": "settings.duplicate_id", "params": {"id": twice[0]}})
        return self

    def specs(self) -> tuple[SourceSpec, ...]:
        """Return what a worker must hear."""
        return tuple(
            SourceSpec(s.id, s.name, s.to_input(), enabled=s.enabled, threshold=s.threshold, delay_s=s.delay_s)
            for s in self.sources
        )

    def targets(self) -> tuple[TargetSpec, ...]:
        """Return who must be told: the enabled webhooks that have an address."""
        return tuple(
            TargetSpec(
                target_id(s.id), s.id, s.webhook.url, s.webhook.timeout_s, s.webhook.max_attempts, s.webhook.max_age_s
            )
            for s in self.sources
            if s.webhook.enabled and s.webhook.url
        )


def target_id(source_id: str) -> str:
    """Return the id of a source's (only) webhook."""
    return f"{source_id}.webhook"


def check(document: object) -> Settings:
    """Return the settings that ``document`` (plain JSON data) says.

    Raises:
        SettingsFaults: with every fault, if there is any.
    """
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise SettingsFaults([_fault(detail, document) for detail in error.errors()]) from error


def merged(current: Settings, patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``current`` with ``patch`` merged in: objects deeply, lists of objects by their ``id``, the rest replaced."""
    document: dict[str, Any] = current.model_dump(mode="json")
    return _merge(document, patch)


def _merge(base: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    return {**base, **{key: _merge_value(base.get(key), value) for key, value in patch.items()}}


def _merge_value(old: object, new: object) -> object:
    if isinstance(old, dict) and isinstance(new, Mapping):
        return _merge(old, new)
    if _entries(old) and _entries(new):
        return _merge_entries(old, new)  # type: ignore[arg-type]  # _entries has just looked
    return new


def _entries(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, Mapping) and isinstance(v.get("id"), str) for v in value)


def _merge_entries(old: list[dict[str, Any]], new: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    by_id = {entry["id"]: entry for entry in old}
    for entry in new:
        by_id[entry["id"]] = _merge(by_id.get(entry["id"], {}), entry)
    return list(by_id.values())


# pydantic's error type → our code, and which of its context values the sentence quotes
_CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    "missing": ("settings.missing", ()),
    "greater_than": ("settings.greater_than", ("gt",)),
    "greater_than_equal": ("settings.at_least", ("ge",)),
    "less_than_equal": ("settings.at_most", ("le",)),
    "finite_number": ("settings.not_a_number", ()),
    "float_type": ("settings.not_a_number", ()),
    "int_type": ("settings.not_a_whole_number", ()),
    "int_from_float": ("settings.not_a_whole_number", ()),
    "bool_type": ("settings.not_a_switch", ()),
    "string_type": ("settings.not_a_text", ()),
    "string_too_short": ("settings.empty", ()),
    "string_too_long": ("settings.too_long", ("max_length",)),
    "too_long": ("settings.too_many", ("max_length",)),
    "string_pattern_mismatch": ("settings.bad_id", ()),
    "literal_error": ("settings.not_one_of", ("expected",)),
    "union_tag_invalid": ("settings.not_one_of", ("expected_tags",)),
    "union_tag_not_found": ("settings.missing_kind", ()),
    "model_type": ("settings.not_an_object", ()),
    "model_attributes_type": ("settings.not_an_object", ()),
    "list_type": ("settings.not_a_list", ()),
}


def _fault(detail: ErrorDetails, document: object) -> Fault:
    path = _path(detail["loc"], document)
    context = detail.get("ctx", {})
    if detail["type"] == "claptrap":
        return Fault(path, str(context["code"]), context["params"])
    if detail["type"] == "extra_forbidden":
        return _unknown_key(path, str(detail["loc"][-1]))
    code, quoted = _CODES.get(detail["type"], ("settings.other", ()))
    if code == "settings.other":
        return Fault(path, code, {"reason": detail["msg"]})
    return Fault(path, code, {"bound": context[quoted[0]]} if quoted else {})


_PARTS = (Settings, MicrophoneSource, MicrophoneSettings, FileSettings, VbanSettings, WebhookSettings, HistorySettings)
_KEYS = sorted({name for part in _PARTS for name in part.model_fields})


def _unknown_key(path: str, key: str) -> Fault:
    near = difflib.get_close_matches(key, _KEYS, n=1)
    return Fault(path, "settings.unknown_key_near", {"near": near[0]}) if near else Fault(path, "settings.unknown_key")


def _path(loc: tuple[int | str, ...], document: object) -> str:
    """Turn pydantic's location into a dotted path: entries by id, and without the union's tag behind an entry."""
    parts: list[str] = []
    place, after_entry = document, False
    for step in loc:
        if after_entry and step in ("microphone", "file", "vban"):
            after_entry = False
            continue
        after_entry = isinstance(step, int)
        place = _inside(place, step)
        parts.append(_name_of(place, step))
    return ".".join(parts)


def _inside(place: object, step: int | str) -> object:
    if isinstance(place, list) and isinstance(step, int) and step < len(place):
        return place[step]
    return place.get(step) if isinstance(place, Mapping) else None


def _name_of(place: object, step: int | str) -> str:
    if isinstance(step, int) and isinstance(place, Mapping) and isinstance(place.get("id"), str):
        return str(place["id"])
    return str(step)
