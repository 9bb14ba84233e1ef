"""Both languages say the same things."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from claptrap.core import wording

SOURCE = Path(wording.__file__).parent.parent


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("code", sorted(wording.SENTENCES))
def test_both_languages_have_the_same_placeholders(code: str) -> None:
    """A sentence can be filled in both languages from the same values."""
    sentence = wording.SENTENCES[code]
    assert set(sentence) == {"fr", "en"}
    assert placeholders(sentence["fr"]) == placeholders(sentence["en"])


def test_every_code_that_is_raised_has_a_sentence() -> None:
    """No bare code reaches a person."""
    raised = re.compile(r'(?:Error|Fault)\(\s*(?:path, )?"([a-z]+\.[a-z_]+)"')
    codes = {code for file in SOURCE.rglob("*.py") for code in raised.findall(file.read_text(encoding="utf-8"))}
    assert len(codes) > 10
    assert codes <= set(wording.SENTENCES)


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
    "vban.bad_host",
    "vban.name_with_nul",
}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_fails_by_itself_says_what_to_do(language: wording.Language) -> None:
    """More than that it failed, and with which words of the system: a person reads it when nobody is there to ask."""
    families = ("source", "rtsp", "vban", "browser", "delivery", "mqtt", "notify", "model", "mediamtx", "clips", "history")
    bare = {
        code
        for code, said in wording.SENTENCES.items()
        if code.startswith(tuple(f"{family}." for family in families))
        and not re.search(r"[.?:;]\s", re.sub(r"\s?: \{reason\}", "", said[language]))
    }
    assert bare - NOTHING_TO_DO == set()


def test_an_unknown_code_is_shown_bare() -> None:
    """A missing sentence never hides the failure."""
    assert wording.say("no.such", "fr") == "no.such"
