"""A service that ends and starts anew while a page is open."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import expect
from tests.web.browser import browsing, needs_browser, until
from tests.web.conftest import serving

from claptrap.service import Application

pytestmark = needs_browser


def test_a_service_that_starts_anew_is_found_again(data_dir: Path, quiet_models: Path) -> None:
    """The page says that it is gone, and believes the next one, which counts its changes from the beginning."""
    assert not quiet_models.exists()
    with ExitStack() as life:
        first = life.enter_context(serving(Application(data_dir)))
        with browsing(first.url) as page:
            threshold = page.get_by_role("slider")
            for value in ("0.6", "0.7", "0.8"):
                threshold.fill(value)
                until(page, f"fetch('api/settings').then(a => a.json()).then(s => s.sources[0].threshold === {value})")
            life.close()
            expect(page.get_by_role("alert").filter(has_text="Connexion perdue")).to_be_visible()
            again = Application(data_dir)
            with serving(again, first.port):
                expect(page.get_by_text("Connecté", exact=True)).to_be_visible()
                expect(page.locator(".state-live")).to_be_visible()
                expect(threshold).to_have_value("0.8")
                again.sources.change("salon", {"threshold": 0.3})
                expect(threshold).to_have_value("0.3")
                threshold.fill("0.4")
                until(page, "fetch('api/settings').then(a => a.json()).then(s => s.sources[0].threshold === 0.4)")
