"""The documents name every setting as the code checks it."""

from __future__ import annotations

import re

import pytest
from scripts.write_settings_reference import PAGES, TABLE

from claptrap.core.spec import Language
from claptrap.settings.reference import markdown, rows
from claptrap.settings.schema import Settings
from claptrap.settings.validation import check


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_has_the_table_of_today(language: Language) -> None:
    """With every default and every range."""
    found = TABLE.search(PAGES[language].read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == markdown(language), "the schema has changed: run python scripts/write_settings_reference.py"


def test_every_setting_of_a_document_is_a_row() -> None:
    """Whatever the default document, and one with every kind, has in it."""
    kinds = [
        {"id": "r", "kind": "rtsp", "name": "R", "input": {"url": "rtsp://c/1"}},
        {"id": "v", "kind": "vban", "name": "V", "input": {"host": "10.0.0.1", "stream": "S"}},
        {"id": "f", "kind": "file", "name": "F", "input": {"path": "x"}},
        {"id": "b", "kind": "browser", "name": "B"},
    ]
    known = {row.path for row in rows()}
    for settings in (Settings(), check({"sources": kinds})):
        assert paths("", settings.whole()) <= known


def paths(path: str, value: object) -> set[str]:
    """Return the paths of all values that are neither objects nor in lists of anything but objects."""
    if isinstance(value, dict) and value:
        return {inner for key, part in value.items() for inner in paths(f"{path}.{key}" if path else key, part)}
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        return {path} | {inner for entry in value for inner in paths(f"{path}[]", entry)}
    return set() if value == {} and path.endswith("input") else {path}


def test_what_is_said_of_a_setting_in_english_is_said_in_french() -> None:
    rows = [dict(re.findall(r"^\| (\S.*?) \|.*\| (.+?) \|$", markdown(language), re.MULTILINE)) for language in ("en", "fr")]
    assert [setting for setting, words in rows[0].items() if words == rows[1].get(setting)] == []
