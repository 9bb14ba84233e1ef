"""A mistake is told with what was given, what may be there, and what was perhaps meant; never with a secret."""

from __future__ import annotations

from typing import Any

import pytest

from claptrap.settings.validation import DocumentFault, SettingsFaults, check
from claptrap.text.catalogue import say

MIC = {"id": "m", "kind": "microphone", "name": "M"}


def faults(document: Any) -> dict[str, DocumentFault]:
    with pytest.raises(SettingsFaults) as caught:
        check(document)
    return {fault.path: fault for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("document", "path", "near"),
    [
        ({"langage": "fr"}, "langage", "language"),
        ({"sources": [{**MIC, "Threshold": 0.5}]}, "sources.m.Threshold", "threshold"),
        ({"sources": [{**MIC, "delay": 0.5}]}, "sources.m.delay", "delay_s"),
        ({"sources": [{**MIC, "input": {"devise": "x"}}]}, "sources.m.input.devise", "device"),
        ({"sources": [{**MIC, "patterns": [{"clap": 2}]}]}, "sources.m.patterns.0.clap", "claps"),
        ({"sources": [{**MIC, "webhooks": [{"id": "w", "timeout": 2}]}]}, "sources.m.webhooks.w.timeout", "timeout_s"),
        ({"keep_days": 3}, "keep_days", "keep_days"),
    ],
)
def test_an_unknown_setting_is_one_of_the_object_it_stands_in(document: Any, path: str, near: str) -> None:
    """Else one that stands elsewhere."""
    fault = faults(document)[path]
    assert (fault.code, fault.params) == ("settings.unknown_key_near", {"near": near})


@pytest.mark.parametrize(
    ("document", "path", "near", "value"),
    [
        ({"language": "FR"}, "language", "fr", '"FR"'),
        ({"sources": [{**MIC, "hears": "clap"}]}, "sources.m.hears", "claps", '"clap"'),
        ({"sources": [{**MIC, "kind": "microfone"}]}, "sources.m", "microphone", '"microfone"'),
    ],
)
def test_an_unknown_value_is_one_of_those_that_may_be_there(document: Any, path: str, near: str, value: str) -> None:
    """With both in the sentence, in both languages."""
    fault = faults(document)[path]
    assert (fault.code, fault.params["near"], fault.value) == ("settings.not_one_of_near", near, value)
    for language in ("fr", "en"):
        said = say(fault.code, language, **fault.params)
        assert near in said
        assert str(fault.params["bound"]) in said


def test_what_is_like_nothing_has_no_suggestion() -> None:
    """Nobody is sent the wrong way."""
    found = faults({"xyzzy": 1, "language": "swahili"})
    assert found["xyzzy"].code == "settings.unknown_key"
    assert found["language"].code == "settings.not_one_of"


@pytest.mark.parametrize(
    ("part", "path", "value"),
    [
        ({"threshold": 3}, "threshold", "3"),
        ({"threshold": "0,5"}, "threshold", '"0,5"'),
        ({"enabled": None}, "enabled", "null"),
        ({"name": "x" * 300}, "name", ""),
        ({"patterns": {}}, "patterns", ""),
    ],
)
def test_what_was_given_is_told(part: dict[str, Any], path: str, value: str) -> None:
    """As JSON, where it is short."""
    assert faults({"sources": [{**MIC, **part}]})[f"sources.m.{path}"].value == value


def test_no_secret_is_told_back() -> None:
    """Wherever it stands, right or wrong: a fault may be shown to others than who made it."""
    webhook = {
        "id": "w",
        "url": "ftp://x/T0PSECRET",
        "headers": {"Authorization": "T0PSECRET\n", "X": 3},
        "signing_secret": "whsec_T0PSECRET!",
        "token": "T0PSECRET",
    }
    camera = {"url": "http://u:T0PSECRET@c", "password": ["T0PSECRET"], "pasword": "T0PSECRET"}
    document = {"sources": [{"id": "c", "kind": "rtsp", "name": "C", "input": camera, "webhooks": [webhook]}]}
    found = faults(document)
    assert len(found) > 5
    assert "T0PSECRET" not in repr(found)
