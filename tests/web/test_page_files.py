"""The page's files: small enough, installable, and its words the same in both languages."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from claptrap.web.page import ASSETS

SOURCES = Path(__file__).parents[2] / "frontend" / "src"
MOST_BYTES = 150_000
# what a browser of November 2023 (Chrome 119, Safari 17.1, Firefox 119) does not know and the build cannot lower
TOO_NEW = (
    r":has\(|@starting-style|@scope|@property|light-dark\(|text-wrap|anchor-name|field-sizing|interpolate-size|transition-behavior",
    r"Object\.groupBy|Map\.groupBy|Promise\.(?:try|withResolvers)|Array\.fromAsync|URL\.(?:canParse|parse)\(|\.checkVisibility\(",
    r"AbortSignal\.any|Iterator\.from|RegExp\.escape|\.(?:isSubsetOf|isSupersetOf|symmetricDifference)\(|DurationFormat|showPopover",
)

is_built = pytest.mark.skipif(not (ASSETS / "index.html").exists(), reason="the page is not built: make page")


def catalogue(language: str) -> dict[str, dict[str, str]]:
    """The page's sentences, each by its plural categories; one that depends on no number has only ``other``."""
    text = (SOURCES / "i18n" / f"{language}.json").read_text("utf-8")
    entries = json.loads(text, object_pairs_hook=list)
    keys = [key for key, _ in entries]
    assert len(set(keys)) == len(keys), "a key twice"
    return {key: {"other": words} if isinstance(words, str) else dict(words) for key, words in entries}


def placeholders(forms: dict[str, str]) -> list[list[str]]:
    return [sorted(set(re.findall(r"\{(\w+)\}", form))) for form in forms.values()]


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    """In the same order too: who changes a sentence finds its other half on the same line."""
    french, english = catalogue("fr"), catalogue("en")
    assert list(french) == list(english)
    assert {k: placeholders(v) for k, v in french.items()} == {k: placeholders(v) for k, v in english.items()}
    for forms in (*french.values(), *english.values()):
        assert set(forms) in ({"other"}, {"one", "other"}), forms
        assert len(forms) == 1 or "{count}" in forms["other"], forms


def test_every_word_is_said_somewhere() -> None:
    code = "".join(path.read_text("utf-8") for path in SOURCES.rglob("*.ts*") if path.parent.name != "i18n")
    begun = tuple(re.findall(r"`([a-z0-9_.]+)\$\{", code))
    said = set(re.findall(r'"([a-z0-9_.]+)"', code))

    def of_label(key: str) -> bool:
        """Whether it is a hint, a help or an option of a label: ``fields.ts`` names only that."""
        return re.sub(r"_(hint|help)$", "", key) in said or any(
            key.startswith(f"{label}.") for label in said if "." in label
        )

    assert [key for key in catalogue("fr") if key not in said and not key.startswith(begun) and not of_label(key)] == []


@is_built
def test_the_whole_page_is_small() -> None:
    files = [path for path in ASSETS.rglob("*") if path.is_file() and path.suffix in (".html", ".js", ".css", ".svg")]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < MOST_BYTES


@is_built
def test_a_tablet_of_three_years_ago_shows_it() -> None:
    """The syntax is lowered by the build; what it cannot lower is not used."""
    built = {path.name: path.read_text("utf-8") for path in ASSETS.iterdir() if path.suffix in (".js", ".css")}
    assert {name: found for name, text in built.items() for new in TOO_NEW if (found := re.findall(new, text))} == {}
    assert 'target: ["es2022", "chrome111", "firefox115", "safari16"]' in (SOURCES.parent / "build.mjs").read_text("utf-8")


@is_built
def test_the_page_can_be_installed() -> None:
    """What browsers ask for: a name, where to start, its own window, and icons that are there, one of 192 and one of 512."""
    manifest = json.loads((ASSETS / "manifest.webmanifest").read_text("utf-8"))
    assert manifest["name"]
    assert manifest["start_url"] == "."
    assert manifest["display"] == "standalone"
    sizes = {icon["sizes"] for icon in manifest["icons"]}
    assert sizes >= {"any", "192x192", "512x512"}
    assert all((ASSETS / icon["src"]).is_file() for icon in manifest["icons"])
    page = (ASSETS / "index.html").read_text("utf-8")
    assert 'rel="manifest"' in page
    assert not re.search(r"<script(?![^>]*src=)|<style|style=", page), "nothing inline: a strict policy holds"
