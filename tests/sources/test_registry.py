"""The kinds of source: whoever adds one writes it into three lists, and these tests say where one is missing."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, get_args

import pytest

from claptrap.audio.frame import Frame
from claptrap.core import spec as core_spec
from claptrap.core.spec import INPUTS, RtspInput, SourceInput, SourceSpec, VbanInput
from claptrap.settings.schema import AnySource
from claptrap.sources import registry
from claptrap.sources.base import Sink, StopSignal
from claptrap.sources.pacing import Pacing
from claptrap.sources.registry import KINDS, SourceKind, Sources

ENTRIES = get_args(get_args(AnySource)[0])


def test_every_kind_has_its_input_its_line_and_its_settings() -> None:
    """The three lists have the same kinds."""
    assert {kind.input.KIND for kind in KINDS} == set(INPUTS)
    assert {get_args(entry.model_fields["kind"].annotation)[0] for entry in ENTRIES} == set(INPUTS)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.__name__)
def test_settings_have_the_fields_of_the_input(entry: type) -> None:
    """What a person chooses and what a source is given have the same fields: no kind needs a translation of its own."""
    kind = get_args(entry.model_fields["kind"].annotation)[0]
    settings = entry.model_fields["input"].annotation
    assert set(settings.model_fields) == {field.name for field in fields(INPUTS[kind])}


def test_what_others_ask_of_a_kind_is_answered_by_its_input() -> None:
    """Doctor, page and API ask the input, and never which class it is."""
    camera = RtspInput("rtsp://camera/a", verify_tls=False)
    assert (camera.server, camera.verifies_tls, camera.udp_port, camera.microphone) == ("rtsp://camera/a", False, None, None)
    assert VbanInput("192.0.2.1", "s", 6981).udp_port == 6981
    assert [kind for kind, wanted in INPUTS.items() if wanted.SENT_BY_PAGE] == ["browser"]


class Hertz:
    """A sink that remembers what a source says."""

    def __init__(self, made: list[float]) -> None:
        self._made = made
        self.stop, self.pacing = StopSignal(), Pacing()

    def live(self, rate_hz: int, channels: int) -> None:
        raise AssertionError((rate_hz, channels))

    def frame(self, frame: Frame) -> None:
        raise AssertionError(frame)

    def waiting(self, code: str, **params: str | float) -> None:  # noqa: ARG002  # the number is what is looked at
        self._made.append(float(params["seconds"]))


def test_a_new_kind_is_one_class_and_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """As docs/adding-a-source.md says."""

    @dataclass(frozen=True, slots=True)
    class ToneInput(SourceInput):
        KIND: ClassVar[str] = "tone"
        hz: float = 440.0

    class ToneSource:
        def __init__(self, hz: float) -> None:
            self.hz = hz

        def run(self, sink: Sink) -> None:
            sink.waiting("source.silent", seconds=self.hz)
            raise NotImplementedError

    monkeypatch.setitem(core_spec.INPUTS, "tone", ToneInput)
    line: SourceKind[ToneInput] = SourceKind(ToneInput, lambda wanted, _id, _shared: ToneSource(wanted.hz))
    monkeypatch.setitem(registry._BY_NAME, "tone", line)
    spec = SourceSpec("a", "A", ToneInput(880.0))
    assert SourceSpec.from_json(spec.to_json()) == spec
    sources = Sources()
    built = sources.build(spec)
    made: list[float] = []
    with pytest.raises(NotImplementedError):
        built.run(Hertz(made))
    assert made == [880.0]
