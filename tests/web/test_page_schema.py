"""Every setting that there is can be edited on the page, with what is wrong with it beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.web.browser import browsing, needs_browser
from tests.web.conftest import Served, serving

from claptrap.service import Application
from claptrap.settings.reference import Row, rows

pytestmark = needs_browser

NO_EDITOR = {
    "version": "of the document: ClapTrap's own",
    "welcomed": "said by going through the first minute",
    "sources": "a list: each source is added, changed and removed",
    "sources[].id": "stable: events and orders name it",
    "sources[].kind": "chosen when a source is added; another kind is another source",
    "sources[].input.address": "a satellite: it connects by itself",
    "sources[].input.number": "a satellite: it connects by itself",
    "sources[].snoozed_until": "over REST, /api/arming",
    "when.snoozed_until": "the button that pauses sets it",
    "when.quiet": "a list: each is added, changed and removed",
    "sources[].sounds": "a list",
    "sources[].sounds[].id": "stable: webhooks and events name it",
    "sources[].sounds[].examples": "of a taught sound: its lesson writes them",
    "sources[].rhythms": "a list",
    "sources[].rhythms[].id": "stable: webhooks and events name it",
    "sources[].rhythms[].intervals": "drawn: it is taught by clapping",
    "sources[].webhooks[].claps": "ticked in the rows of reactions (test_page_source)",
    "sources[].webhooks[].triggers": "ticked in the rows of reactions (test_page_source)",
    "heartbeats": "a list",
    "heartbeats[].id": "stable",
    "sources[].patterns": "a list: its rows are added, changed and removed",
    "sources[].webhooks": "a list",
    "sources[].webhooks[].id": "stable: deliveries that wait name it",
    "notify": "a list",
    "notify[].id": "stable: deliveries that wait name it",
}
PATTERN = [{"claps": 2, "at_least": False}]  # any clap has no gaps
ENTRIES = {"patterns": "0", "webhooks": "one", "sounds": "one", "rhythms": "two"}
WEBHOOKS = [{"id": "one", "url": "http://127.0.0.1:9/"}]
INPUTS: dict[str, dict[str, str]] = {
    "microphone": {},
    "rtsp": {"url": "rtsps://127.0.0.1:9/live"},
    "vban": {"host": "127.0.0.1", "stream": "S"},
    "file": {"path": "claps.wav"},
    "browser": {},
    "wyoming": {"uri": "tcp://127.0.0.1:9"},
}


@pytest.fixture
def every_kind(tmp_path: Path, quiet_models: Path) -> Iterator[Served]:
    """A service with a source of each kind, none of which is heard, and all that can be in its settings."""
    assert not quiet_models.exists()
    sounds, rhythms = [{"id": "one", "labels": ["Dog"]}], [{"id": "two", "intervals": [1.0, 1.0]}]
    common = {
        "enabled": False,
        "patterns": PATTERN,
        "webhooks": WEBHOOKS,
        "sounds": sounds,
        "rhythms": rhythms,
        "node": "server",
    }
    when = {"quiet": [{"begin": "22:00", "end": "07:00"}]}
    sources = [{"id": kind, "kind": kind, "name": kind, "input": given, **common} for kind, given in INPUTS.items()]
    document = {
        "version": 3,
        "sources": sources,
        "mqtt": {"tls": True},
        "notify": [{"id": "one"}],
        "heartbeats": [{"id": "one"}],
        "when": when,
    }
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps(document))
    with serving(Application(folder)) as running:
        yield running


def test_every_setting_has_an_editor_and_room_for_its_fault(every_kind: Served) -> None:
    """A choice among what there is cannot be wrong; all else has a place where its fault is told."""
    known = {row.path for row in rows()}
    assert set(NO_EDITOR) <= known, "no editor is missing for what is not there"
    wanted = [row for row in rows() if row.path not in NO_EDITOR]
    with browsing(every_kind.url) as page:
        expect(page.locator("footer")).to_contain_text("version")  # it knows the settings
        there = _ids(page, "#/settings", "Réglages")
        for part in page.locator(".sections a").evaluate_all("links => links.map(link => link.hash)"):
            there |= _ids(page, part, "Réglages")
        for source in every_kind.service.settings.current.sources:
            for tab in ("live", "reactions", "source"):
                there |= {f"{source.kind}: {one}" for one in _ids(page, f"#/source/{source.id}/{tab}", source.name)}
    lacking = {place for row in wanted for place in _places(row) if place not in there}
    assert lacking == set()
    assert {place for row in wanted if not _is_choice(row) for place in _places(row) if not _has_room(place, there)} == set()


def _places(row: Row) -> list[str]:
    """Return the ids that the editors of a setting have, behind the kind of source that they are looked for on."""
    if not row.path.startswith("sources[]"):
        return [row.path.replace("quiet[]", "quiet.0").replace("[]", ".one")]
    rest = row.path.removeprefix("sources[].")
    for entries, entry in ENTRIES.items():
        rest = rest.replace(f"{entries}[]", f"{entries}.{entry}")
    is_form = rest == "name" or rest.startswith("input.")
    id_of = "edit.{0}." + rest.removeprefix("input.") if is_form else "sources.{0}." + rest
    return [f"{kind}: {id_of.format(kind)}" for kind in row.kinds or INPUTS]


def _is_choice(row: Row) -> bool:
    lists = (".claps", ".triggers", ".days", ".sources", ".device", ".channel")  # made of what there is
    return row.schema.get("type") == "boolean" or "enum" in row.schema or row.path.endswith(lists)


def _has_room(place: str, there: set[str]) -> bool:
    row = place.rpartition(".")[0]  # of a pattern, whose fault stands beneath its fields
    return bool({f"{place}-state", f"{place}-fault", f"{row}-fault"} & there)


def _ids(page: Page, address: str, title: str) -> set[str]:
    page.goto(page.url.partition("#")[0] + address)
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
    if "settings/" in address:
        expect(page.locator(f'.sections a[href="{address}"]')).to_have_attribute("aria-current", "page")
    for button in page.get_by_role("button", name="Modifier").all():
        button.click()
        expect(page.locator("form .form-actions")).to_be_visible()
    closed = page.locator(".reaction button[aria-expanded=false]")
    while closed.count():
        closed.first.click()
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    return set(page.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)"))
