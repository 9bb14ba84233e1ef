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
# What a browser of November 2023 (Chrome 119, Safari 17.1, Firefox 120) does not know and the build cannot lower, of what a
# page may come to use; after MDN's compatibility data 8.1.
TOO_NEW = (
    r"[{;](?:anchor-name|anchor-scope|animation-(?:range|timeline)|content-visibility|corner-[a-z-]+|field-sizing|zoom):",
    r"[{;](?:interpolate-size|line-clamp|margin-trim|max-lines|position-(?:anchor|area|try|visibility)|(?:row-)?rule[a-z-]*):",
    r"[{;](?:reading-(?:flow|order)|(?:scroll|view)-timeline|transition-behavior|view-transition-[a-z]+|white-space-collapse):",
    r"[{;]text-(?:autospace|box|fit|spacing-trim|wrap)[a-z-]*:",
    r":(?:has|dir|state|heading)\(|:(?:open|popover-open|target-current)\b|::(?:details-content|picker|scroll-marker)",
    r"@(?:custom-media|function|position-try|property|scope|starting-style|view-transition)\b",
    r"[ :,(](?:abs|anchor|anchor-size|calc-size|exp|hypot|if|light-dark|log|mod|pow|random|rem|round|sign|sqrt)\(",
)
TOO_NEW_CALLS = (
    r"(?:Object|Map)\.groupBy|Promise\.(?:try|withResolvers)|Array\.fromAsync|URL\.(?:canParse|parse)\(|AbortSignal\.any",
    r"Iterator\.from|RegExp\.escape|DurationFormat|Intl\.Segmenter|Temporal\.|Error\.isError|scheduler\.yield",
    r"\.(?:checkVisibility|isSubsetOf|isSupersetOf|isDisjointFrom|symmetricDifference|showPopover|hidePopover)\(",
    r"\.(?:togglePopover|requestClose|startViewTransition|(?:to|from)(?:Base64|Hex)|caretPositionFromPoint|setHTMLUnsafe)\(",
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
    patterns = {".css": TOO_NEW, ".js": TOO_NEW_CALLS}
    found = {name: re.findall(new, text) for name, text in built.items() for new in patterns[Path(name).suffix]}
    assert {name: new for name, new in found.items() if new} == {}
    assert '"lib": ["es2023", "dom"' in (SOURCES.parent / "tsconfig.json").read_text("utf-8")  # what the language itself has
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
