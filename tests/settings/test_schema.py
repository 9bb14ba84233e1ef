"""The document is checked whole and every fault has a path and a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from claptrap.core import wording
from claptrap.core.spec import BrowserInput, SourceSpec, VbanInput
from claptrap.settings.schema import Settings, SettingsFaults, check, merged

MIC = {"id": "microphone", "kind": "microphone", "name": "Salon"}


def faults(document: object) -> dict[str, str]:
    with pytest.raises(SettingsFaults) as caught:
        check(document)
    for fault in caught.value.faults:
        assert wording.say(fault.code, "fr", **fault.params) != fault.code
        assert wording.say(fault.code, "en", **fault.params) != fault.code
    return {fault.path: fault.code for fault in caught.value.faults}


def test_defaults_are_one_enabled_microphone() -> None:
    """A first start hears the default microphone without any choice."""
    (source,) = Settings().specs()
    assert (source.kind, source.enabled, source.threshold) == ("microphone", True, 0.5)
    assert Settings().targets() == ()


def test_every_fault_is_told_with_its_path() -> None:
    """Checking does not stop at the first fault."""
    document = {"sources": [{**MIC, "threshold": 1.5, "delay_s": 0, "webhook": {"url": "ftp://x"}}], "langage": "fr"}
    assert faults(document) == {
        "langage": "settings.unknown_key_near",
        "sources.microphone.delay_s": "settings.greater_than",
        "sources.microphone.threshold": "settings.at_most",
        "sources.microphone.webhook.url": "url.scheme",
    }


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"threshold": "0.5"}, "sources.microphone.threshold", "settings.not_a_number"),
        ({"threshold": float("nan")}, "sources.microphone.threshold", "settings.not_a_number"),
        ({"delay_s": -3}, "sources.microphone.delay_s", "settings.greater_than"),
        ({"enabled": "yes"}, "sources.microphone.enabled", "settings.not_a_switch"),
        ({"name": ""}, "sources.microphone.name", "settings.empty"),
        ({"name": 5}, "sources.microphone.name", "settings.not_a_text"),
        ({"id": "Été"}, "sources.Été.id", "settings.bad_id"),
        ({"kind": "video"}, "sources.microphone", "settings.not_one_of"),
        ({"input": "x"}, "sources.microphone.input", "settings.not_an_object"),
        ({"webhook": {"max_attempts": 1.5}}, "sources.microphone.webhook.max_attempts", "settings.not_a_whole_number"),
        ({"zzzqqq": 1}, "sources.microphone.zzzqqq", "settings.unknown_key"),
    ],
)
def test_each_fault_has_its_code(change: dict[str, Any], path: str, code: str) -> None:
    """A wrong value is refused for its own reason."""
    assert faults({"sources": [{**MIC, **change}]}) == {path: code}


def test_two_sources_need_two_ids() -> None:
    """Ids are unique."""
    assert faults({"sources": [MIC, MIC]}) == {"": "settings.duplicate_id"}


def test_a_document_that_is_no_object_is_refused() -> None:
    """A list or a number is not a settings document."""
    assert faults([1]) == {"": "settings.not_an_object"}


def test_a_patch_keeps_what_it_does_not_name() -> None:
    """A partial save never deletes a sibling key."""
    before = check({"sources": [{**MIC, "delay_s": 2.0, "webhook": {"url": "http://a/b", "timeout_s": 9.0}}]})
    after = check(merged(before, {"sources": [{"id": "microphone", "webhook": {"url": "http://c/d"}}]}))
    (source,) = after.sources
    assert (source.name, source.delay_s, source.webhook.timeout_s, source.webhook.url) == ("Salon", 2.0, 9.0, "http://c/d")


def test_a_patch_with_a_new_id_adds_a_source() -> None:
    """Lists of objects are merged by id."""
    document = merged(Settings(), {"sources": [{"id": "demo", "kind": "file", "name": "Demo", "input": {"path": "a.wav"}}]})
    assert [s.id for s in check(document).specs()] == ["microphone", "demo"]


def test_json_round_trip() -> None:
    """Writing and reading the document changes nothing."""
    settings = check({"language": "en", "sources": [{**MIC, "webhook": {"url": "https://example.org/h?k=1"}}]})
    assert check(settings.model_dump(mode="json")) == settings


def test_a_browser_needs_no_choice() -> None:
    """A name is enough, and the document comes back as it was."""
    settings = check({"sources": [{"id": "browser-1", "kind": "browser", "name": "Phone"}]})
    (spec,) = settings.specs()
    assert spec.input == BrowserInput()
    assert SourceSpec.from_json(spec.to_json()) == spec
    assert check(settings.model_dump(mode="json")) == settings
    with pytest.raises(SettingsFaults) as told:
        check({"sources": [{"id": "browser-1", "kind": "browser", "name": "Phone", "input": {"device": "x"}}]})
    assert [fault.path for fault in told.value.faults] == ["sources.browser-1.input.device"]


VBAN = {"id": "pc", "kind": "vban", "name": "PC", "input": {"host": "192.168.1.20", "stream": "Stream1"}}


def test_a_vban_source_is_selected_by_address_and_name() -> None:
    """Address and name are enough; the rest has its usual value."""
    (spec,) = check({"sources": [VBAN]}).specs()
    assert spec.input == VbanInput("192.168.1.20", "Stream1", 6980, "mean")
    full = {**VBAN, "input": {"host": "10.0.0.2", "stream": "ESP32_AUDIO_STRM", "port": 7000, "channel": "02"}}
    (spec,) = check({"sources": [full]}).specs()
    assert spec.input == VbanInput("10.0.0.2", "ESP32_AUDIO_STRM", 7000, "2")
    settings = check({"sources": [full]})
    assert check(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"host": "pc.local"}, "host", "vban.bad_host"),
        ({"host": "192.168.1.256"}, "host", "vban.bad_host"),
        ({"host": "fe80::1"}, "host", "vban.bad_host"),
        ({"host": ""}, "host", "vban.bad_host"),
        ({"host": 1}, "host", "settings.not_a_text"),
        ({"stream": "x" * 17}, "stream", "vban.name_too_long"),
        ({"stream": "\\x00"}, "stream", "vban.name_with_nul"),
        ({"port": 0}, "port", "settings.at_least"),
        ({"port": 65536}, "port", "settings.at_most"),
        ({"port": "6980"}, "port", "settings.not_a_whole_number"),
        ({"channel": "0"}, "channel", "settings.not_one_of"),
        ({"channel": "65"}, "channel", "settings.not_one_of"),
        ({"channel": "left"}, "channel", "settings.not_one_of"),
        ({"channel": "²"}, "channel", "settings.not_one_of"),
        ({"strem": "a"}, "strem", "settings.unknown_key_near"),
    ],
)
def test_each_fault_of_a_vban_source_has_its_code(change: dict[str, Any], path: str, code: str) -> None:
    """Refused for its own reason, at its own place."""
    document = {"sources": [{**VBAN, "input": {**VBAN["input"], **change}}]}  # type: ignore[dict-item]  # it is a mapping
    assert faults(document) == {f"sources.pc.input.{path}": code}


def test_a_vban_source_needs_address_and_name() -> None:
    """Both are told at once."""
    assert faults({"sources": [{**VBAN, "input": {}}]}) == {
        "sources.pc.input.host": "settings.missing",
        "sources.pc.input.stream": "settings.missing",
    }
