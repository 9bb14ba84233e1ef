"""Settings of the original ClapTrap and of its fork for Home Assistant (``ClapTrap-HA-Addon``), made into ours.

Both keep one ``settings.json``: ``global``, ``microphone``, ``rtsp_sources`` (``rtsp_streams`` and ``audio_streams`` in
older files), ``saved_vban_sources``. Numbers may be texts, webhooks null, keys absent. The fork adds groups of sounds to
each source. What is not taken is noted with its path in their document, and why. Reading one costs no more than its size
accounts for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from claptrap.core.spec import MAX_SOURCES
from claptrap.settings.hints import printable
from claptrap.settings.ids import new_source_id
from claptrap.settings.schema import Settings
from claptrap.settings.validation import DocumentFault, SettingsFaults, check

MAX_CLAPS = 4
MAX_ENTRIES = MAX_SOURCES  # of a list
MAX_NOTES = 1000  # more are dropped
MAX_DEPTH = 8  # steps of a path that are shown: ours have fewer
_STREAMS = ("rtsp_sources", "rtsp_streams", "audio_streams")
_KNOWN = {"global", "microphone", "saved_vban_sources", "vban", *_STREAMS}
_FORK = {"sound_groups", "groups"}
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

# what is left out, and why
_TUNING = dict.fromkeys(
    (
        *("chunk_duration", "buffer_duration", "debug", "peak_cooldown", "peak_ratio", "peak_reset", "gain", "volume"),
        *("auto_volume", "auto_gain"),
    ),
    "import.not_needed",
)
_LEFT = {
    **_TUNING,
    "auto_start": "import.always_starts",
    "sound_exclusions": "import.sounds",
    "device_index": "import.by_name",
    "pulse_name": "import.by_name",
    "testButton": "import.of_the_page",
    "configured": "import.of_the_page",
    "rtsp_url": "import.unused",
}


_INPUTS = {
    ("microphone", "audio_source"): "device",
    ("rtsp", "url"): "url",
    ("vban", "ip"): "host",
    ("vban", "port"): "port",
    ("vban", "stream_name"): "stream",
}


@dataclass(frozen=True, slots=True)
class Note:
    """Something of a foreign document that is not taken, or not as it was.

    Attributes:
        path: in the foreign document.
        kind: ``left_out`` for what has no use here, ``adapted`` for what is taken otherwise, ``refused`` for what is wrong.
        code: why, a key of ``text.catalogue``.
        params: values for that sentence.
    """

    path: str
    kind: Literal["left_out", "adapted", "refused"]
    code: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ForeignSettings:
    """What could be made of a foreign document: sources as in ``Settings.sources``, each valid, and what was not taken."""

    sources: tuple[dict[str, Any], ...]
    notes: tuple[Note, ...]
    is_fork: bool


def is_foreign(document: object) -> bool:
    """Return whether ``document`` is the original's or its fork's."""
    return isinstance(document, Mapping) and bool(_KNOWN & set(document)) and not {"version", "sources"} & set(document)


def convert(document: Mapping[str, Any]) -> ForeignSettings:
    """Make a foreign document into ours; whatever it holds, nothing is raised."""
    reading = _Converter(document)
    return ForeignSettings(tuple(reading.sources()), tuple(reading.notes), reading.is_fork)


class _Draft:
    """A source that is being made.

    Attributes:
        kind: of the source.
        origin: of each of our settings, ``threshold`` or ``input.url``, its path in the foreign document.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.origin: dict[str, str] = {}
        self._made: dict[str, Any] = {"kind": kind, "name": _nameless(kind)}
        self._input: dict[str, Any] = {}

    def put(self, name: str, path: str, value: Any) -> None:
        """Take a setting, instead of what was taken for it before."""
        self._made[name] = [{"id": "webhook", "url": value}] if name == "webhooks" else value
        self.origin[name] = path

    def put_input(self, name: str, path: str, value: Any) -> None:
        """Take a setting of the input."""
        self._input[name] = value
        self.origin[f"input.{name}"] = path

    def finished(self) -> dict[str, Any]:
        """Return the source; a VBAN stream that the original saved without its own name has that of the source."""
        stream = {"stream": self._made["name"]} if self.kind == "vban" else {}
        return {**self._made, "input": stream | self._input}


class _Converter:
    """One pass over a foreign document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._ids: set[str] = set()
        self.notes: list[Note] = []
        self._noted: set[tuple[object, ...]] = set()
        self.is_fork = False

    def sources(self) -> Iterator[dict[str, Any]]:
        common = self._common()
        for key in sorted(set(self._document) - _KNOWN, key=str):
            self._leave(str(key), "import.unknown")
        if "vban" in self._document:
            self._leave("vban", "import.unused")
        for path, entry, kind in self._entries():
            made = self._source(path, entry, kind, common)
            if made is not None:
                yield made

    def _common(self) -> dict[str, tuple[str, float]]:
        """Return what all sources share: our name of it → its path there, and its value."""
        found: dict[str, tuple[str, float]] = {}
        shared = self._object("global")
        for key, value in shared.items():
            path = f"global.{key}"
            if key == "threshold" and (number := self._number(path, value)) is not None:
                found["threshold"] = path, number
            elif key == "delay" and (number := self._number(path, value)) is not None:
                found["delay_s"] = path, number
            elif key not in ("threshold", "delay"):
                self._leave(path, _LEFT.get(key, "import.unknown"))
        return found

    def _entries(self) -> Iterator[tuple[str, Mapping[str, Any], str]]:
        if "microphone" in self._document:
            yield "microphone", self._object("microphone"), "microphone"
        for key in _STREAMS:
            yield from ((path, entry, "rtsp") for path, entry in self._list(key))
        yield from ((path, entry, "vban") for path, entry in self._list("saved_vban_sources"))

    def _object(self, key: str) -> Mapping[str, Any]:
        value = self._document.get(key)
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self._refuse(key, "settings.not_an_object")
        return {}

    def _list(self, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        value = self._document.get(key, [])
        if not isinstance(value, list):
            self._refuse(key, "settings.not_a_list")
            return
        if len(value) > MAX_ENTRIES:
            self._refuse(key, "settings.too_many", bound=MAX_ENTRIES)
        for i, entry in enumerate(value[:MAX_ENTRIES]):
            if isinstance(entry, Mapping):
                yield f"{key}.{i}", entry
            else:
                self._refuse(f"{key}.{i}", "settings.not_an_object")

    def _source(
        self, path: str, entry: Mapping[str, Any], kind: str, common: Mapping[str, tuple[str, float]]
    ) -> dict[str, Any] | None:
        """Return one source that is valid; None where what it needs is wrong."""
        draft = _Draft(kind)
        for name, (where, value) in common.items():
            draft.put(name, where, value)
        for key, value in entry.items():
            self._take(f"{path}.{key}", str(key), value, draft)
        made = draft.finished()
        made["id"] = self._id(entry, made)
        return self._valid(path, made, draft.origin)

    def _take(self, path: str, key: str, value: Any, draft: _Draft) -> None:
        """Take one setting of a source into ``draft``, or say why not."""
        if (draft.kind, key) in _INPUTS:
            draft.put_input(_INPUTS[draft.kind, key], path, _plain(key, value))
        elif key == "enabled":
            draft.put("enabled", path, _switch(value))
        elif key == "threshold":
            if (number := self._number(path, value)) is not None:
                draft.put("threshold", path, number)
        elif key in _FORK:
            self._take_groups(path, value, draft)
        elif key in ("name", "webhook_url"):
            if value not in (None, ""):
                draft.put("name" if key == "name" else "webhooks", path, value)
        elif key != "id":
            self._leave(path, _LEFT.get(key, "import.unknown"))

    def _take_groups(self, path: str, groups: Any, draft: _Draft) -> None:
        """Take the fork's groups of sounds: of each its threshold, and the numbers of claps that it reacts to."""
        self.is_fork = True
        if not isinstance(groups, list):
            self._refuse(path, "settings.not_a_list")
            return
        found = [(f"{path}.{i}", group) for i, group in enumerate(groups) if isinstance(group, Mapping)]
        thresholds = [
            number
            for where, group in found
            if "threshold" in group and (number := self._number(f"{where}.threshold", group["threshold"])) is not None
        ]
        if thresholds:
            draft.put("threshold", path, min(thresholds))
        if len(set(thresholds)) > 1:
            self._adapt(path, "import.one_threshold", value=min(thresholds))
        if counts := sorted({count for where, group in found for count in self._counts(where, group)}):
            draft.put("patterns", path, [{"claps": count, "at_least": False} for count in counts])
            self._adapt(path, "import.groups", counts=", ".join(str(count) for count in counts))
        for where, group in found:
            for key in ("sound_whitelist", "whitelist", "auto_add_sounds"):
                if group.get(key):
                    self._leave(f"{where}.{key}", "import.sounds")

    def _counts(self, path: str, group: Mapping[str, Any]) -> Iterator[int]:
        """Yield the numbers of claps that a group reacts to."""
        for key in ("ha_entities", "clap_counts"):
            values = group.get(key, [])
            for value in values if isinstance(values, list) else []:
                number = self._number(f"{path}.{key}", value)
                if number is None:
                    continue
                if number in range(1, MAX_CLAPS + 1):
                    yield int(number)
                else:
                    self._refuse(f"{path}.{key}", "import.too_many_claps", most=MAX_CLAPS)

    def _id(self, entry: Mapping[str, Any], made: Mapping[str, Any]) -> str:
        """Return the id that it has, else one made of its name: always the same, so that importing twice adds nothing."""
        given = entry.get("id")
        own = str(given).lower() if given else ""
        named = {"name": "" if made["kind"] == "microphone" else made["name"], "kind": made["kind"]}
        stem = own if _ID.fullmatch(own) else str(new_source_id(Settings(sources=[]), named))
        made_id = next(one for one in (stem, *(f"{stem}-{n}" for n in range(2, len(self._ids) + 3))) if one not in self._ids)
        self._ids.add(made_id)
        return made_id

    def _valid(self, path: str, made: dict[str, Any], origin: Mapping[str, str]) -> dict[str, Any] | None:
        """Return ``made`` without what our check refuses; None where nothing is left to hear."""
        try:
            check({"sources": [made]})
        except SettingsFaults as error:
            faults = error.faults
        else:
            if "threshold" in made:
                self._adapt(origin["threshold"], "import.threshold", value=made["threshold"])
            return made
        wrong = {_ours(fault): fault for fault in faults}
        for name, fault in wrong.items():
            where = next((origin[key] for key in (name, name.partition(".")[0]) if key in origin), path)
            self._refuse(where, fault.code, **fault.params)
        removable = {name.partition(".")[0] for name in wrong}
        if not removable <= set(origin) & set(made):
            self._refuse(path, "import.source_refused", name=str(made["name"])[:100])
            return None
        kept = {key: value for key, value in made.items() if key not in removable}
        return self._valid(path, {"name": _nameless(made["kind"]), **kept}, {k: v for k, v in origin.items() if k in kept})

    def _number(self, path: str, value: Any) -> float | None:
        """Return a number that may be written as a text."""
        try:
            number = float(str(value).replace(",", ".")) if isinstance(value, (str, int, float)) else math.nan
        except ValueError:
            number = math.nan
        if isinstance(value, bool) or not math.isfinite(number):
            self._refuse(path, "settings.not_a_number")
            return None
        return number

    def _leave(self, path: str, code: str) -> None:
        self._note(Note(path, "left_out", code))

    def _adapt(self, path: str, code: str, **params: str | float) -> None:
        self._note(Note(path, "adapted", code, params))

    def _refuse(self, path: str, code: str, **params: str | float) -> None:
        self._note(Note(path, "refused", code, params))

    def _note(self, note: Note) -> None:
        """Note it once, though all sources share what it is about."""
        note = replace(note, path=".".join(printable(step) for step in note.path.split(".")[:MAX_DEPTH]))
        seen = (note.path, note.kind, note.code, *note.params.values())
        if seen not in self._noted and len(self.notes) < MAX_NOTES:
            self._noted.add(seen)
            self.notes.append(note)


def _nameless(kind: str) -> str:
    """Return the name of a source that has none."""
    return "Microphone" if kind == "microphone" else kind.upper()


def _ours(fault: DocumentFault) -> str:
    """Return the setting within its source: ``sources.ID.input.url`` → ``input.url``."""
    return ".".join(fault.path.split(".")[2:])


def _plain(key: str, value: Any) -> Any:
    """Return the value of an input as ours are: a device by its name alone (``3|USB Mic``), a port as a number."""
    if key == "audio_source":
        name = str(value or "").rpartition("|")[2]
        return "" if name == "default" else name
    if key == "port" and isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 6:
        return int(value)
    return value


def _switch(value: Any) -> Any:
    """Return a switch that may be written as a text."""
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value
