"""``serve --dev``: the built-in tests over REST and on the page; nothing of it otherwise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.web.browser import browsing, needs_browser
from tests.web.conftest import Served, serving
from tests.web.test_page import REFUSED

from claptrap.selftest.cases import CASES
from claptrap.service import Application


def test_outside_of_development_there_are_no_tests(served: Served) -> None:
    """Refused, and not offered; the original's were open to everybody, and overwrote the settings."""
    assert served.ask("GET", "/api/selftest").status == 404
    assert served.ask("POST", "/api/selftest", {}).status == 404
    assert served.ask("GET", "/api/state").json["dev"] is False


def test_a_foreign_site_cannot_start_them(data_dir: Path, quiet_models: Path) -> None:
    """Nor anything else."""
    assert not quiet_models.exists()
    with serving(Application(data_dir, dev=True)) as served:
        assert served.ask("POST", "/api/selftest", {}, Origin="http://evil.example").status == 403
        assert served.ask("GET", "/api/selftest").json["running"] is False


def open_tests(data_dir: Path, link: str, summary: str) -> None:
    with serving(Application(data_dir, dev=True)) as served:
        before = (data_dir / "settings.json").read_bytes()
        with browsing(served.url) as page:
            if link == "Run the tests":
                page.get_by_role("button", name="English").press("Enter")  # what a page that opens draws above moves it
            page.get_by_role("button", name=link).click()
            dialog = page.get_by_role("dialog")
            expect(dialog.get_by_role("listitem")).to_have_count(len(CASES))
            expect(dialog.get_by_role("status")).to_have_text(re.compile(summary), timeout=60_000)
            expect(dialog.locator('[data-stage="passed"]')).to_have_count(len(CASES))
            page.keyboard.press("Escape")
            expect(dialog).not_to_be_visible()
        assert (data_dir / "settings.json").read_bytes() == before


@pytest.mark.parametrize(
    ("link", "summary"),
    [
        pytest.param("Exécuter les tests", f"^{len(CASES)} tests réussis sur {len(CASES)}", marks=needs_browser),
        pytest.param("Run the tests", f"^{len(CASES)} of {len(CASES)} tests passed", marks=needs_browser),
    ],
)
def test_the_page_runs_them_and_the_settings_stay(data_dir: Path, quiet_models: Path, link: str, summary: str) -> None:
    """Listed one by one, in both languages."""
    assert not quiet_models.exists()
    open_tests(data_dir, link, summary)


@pytest.mark.parametrize("_", [pytest.param(0, marks=needs_browser)])
def test_who_lost_sight_of_them_may_look_again(data_dir: Path, quiet_models: Path, _: int) -> None:
    """One answer that did not come ends neither the tests nor the page's interest in them."""
    assert not quiet_models.exists()
    one = {"id": "one", "stage": "running", "took_s": 0.0, "title_fr": "", "title_en": "", "area_fr": "", "area_en": ""}
    answers: list[dict[str, Any]] = [{"json": {"running": True, "tests": [one]}}, {"status": 422, "json": REFUSED}]
    with serving(Application(data_dir, dev=True)) as served, browsing(served.url) as page:
        page.route("**/api/selftest?*", lambda route: route.fulfill(**answers.pop(0)) if answers else route.continue_())
        page.get_by_role("button", name="Exécuter les tests").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("alert")).to_have_text("Refusé.")
        dialog.get_by_role("button", name="Exécuter à nouveau").click()
        expect(dialog.get_by_role("alert")).to_have_count(0)
        expect(dialog.get_by_role("listitem")).to_have_count(len(CASES))


@pytest.mark.parametrize("_", [pytest.param(0, marks=needs_browser)])
def test_the_page_offers_none_outside_of_development(served: Served, _: int) -> None:
    """The link is not there."""
    with browsing(served.url) as page:
        expect(page.get_by_role("button", name="English")).to_be_visible()
        expect(page.get_by_role("button", name="Exécuter les tests")).to_have_count(0)
