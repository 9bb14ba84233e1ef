"""Both languages say the same things."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path
from typing import Any

import pytest

from claptrap.core.spec import Language
from claptrap.text import catalogue
from claptrap.text.catalogue import LANGUAGES, MESSAGES, SOUNDS, say

SOURCE = Path(catalogue.__file__).parent.parent


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_keys_in_the_same_order() -> None:
    """Whoever compares the two files finds the same sentence at the same place."""
    assert list(MESSAGES["fr"]) == list(MESSAGES["en"])
    assert list(SOUNDS["fr"]) == list(SOUNDS["en"])


def test_both_languages_have_the_same_placeholders() -> None:
    """A sentence can be filled in both languages from the same values."""
    different = {code for code in MESSAGES["en"] if placeholders(MESSAGES["fr"][code]) != placeholders(MESSAGES["en"][code])}
    assert different == set()


def test_no_key_stands_twice_in_a_file() -> None:
    """JSON keeps the last one in silence."""
    for language in LANGUAGES:
        text = (Path(catalogue.__file__).parent / f"{language}.json").read_text("utf-8")
        json.loads(text, object_pairs_hook=unique)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    assert len(set(keys)) == len(keys)
    return dict(pairs)


def test_every_code_that_is_raised_has_a_sentence() -> None:
    """No bare code reaches a person."""
    raised = re.compile(r'(?:Error|Fault)\(\s*(?:path, )?"([a-z]+\.[a-z_]+)"')
    codes = {code for file in SOURCE.rglob("*.py") for code in raised.findall(file.read_text(encoding="utf-8"))}
    assert len(codes) > 10
    assert codes <= set(MESSAGES["en"])


NOTHING_TO_DO = {
    "delivery.stopped",
    "delivery.removed",
    "delivery.too_old",
    "history.damaged",  # it is set aside, which is said with what follows
    "mediamtx.bad_sum",
    "notify.one_clap",
    "notify.claps",
    "notify.applause",
    "notify.test",
    "notify.trigger",
    "vban.bad_host",
    "vban.name_with_nul",
}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_fails_by_itself_says_what_to_do(language: Language) -> None:
    """More than that it failed, and with which words of the system: a person reads it when nobody is there to ask."""
    families = ("source", "rtsp", "vban", "browser", "delivery", "mqtt", "notify", "model", "mediamtx", "clips", "history")
    bare = {
        code
        for code, said in MESSAGES[language].items()
        if code.startswith(tuple(f"{family}." for family in families))
        and not re.search(r"[.?:;]\s", re.sub(r"\s?: \{reason\}", "", said))
    }
    assert bare - NOTHING_TO_DO == set()


def test_an_unknown_code_is_shown_bare() -> None:
    """A missing sentence never hides the failure."""
    assert say("no.such", "fr") == "no.such"


@pytest.mark.parametrize("number", ["[Errno -2]", "[Errno 104]", "[WinError 5]"])
def test_the_system_s_number_of_an_error_is_not_said(number: str) -> None:
    """It says nothing to who reads it; the system's words may."""
    for language in LANGUAGES:
        said = say("delivery.network", language, reason=f"first: {number} no name, {number} no way")
        assert "first: no name, no way" in said
