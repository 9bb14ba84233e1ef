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


def test_an_unknown_code_is_shown_bare() -> None:
    """A missing sentence never hides the failure."""
    assert wording.say("no.such", "fr") == "no.such"
