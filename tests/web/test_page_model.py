"""YAMNet's file on the page: how it comes, how to stop that, and how to go on."""

from __future__ import annotations

import threading
from pathlib import Path

from playwright.sync_api import expect
from tests.models.test_models import CONTENT, halting, server, whole
from tests.peers.waiting import wait_until
from tests.web.browser import browsing, needs_browser
from tests.web.conftest import serving

from claptrap.models.catalogue import YAMNET
from claptrap.service import Application

pytestmark = needs_browser


def test_the_download_is_stopped_and_resumed(data_dir: Path, quiet_models: Path) -> None:
    """From where it was; a server that hangs up is asked again at a press instead of in a minute."""
    go_on = threading.Event()
    with (
        server(halting(go_on), whole) as (url, ranges),
        serving(Application(data_dir, yamnet_url=url)) as served,
        browsing(served.url) as page,
    ):
        page.goto(f"{served.url}/#/settings/sounds")
        panel = page.get_by_role("region", name="Reconnaissance des sons")
        expect(panel.get_by_text("qui nomme les sons")).to_be_visible()
        panel.get_by_role("button", name="Arrêter le téléchargement").press("Enter")
        expect(panel.get_by_text("est en pause")).to_be_visible()
        go_on.set()
        page.reload()
        panel.get_by_role("button", name="Reprendre le téléchargement").press("Enter")
        panel.get_by_text("Détails").click()
        expect(panel.get_by_text(f"coupé après {len(CONTENT)} octets sur {YAMNET.size}")).to_be_visible()
        n_asked = len(ranges)
        panel.get_by_role("button", name="Réessayer maintenant").press("Enter")
        wait_until(lambda: len(ranges) == n_asked + 1)
        panel.get_by_role("button", name="Arrêter le téléchargement").press("Enter")
        expect(panel.get_by_role("button", name="Reprendre le téléchargement")).to_be_visible()
    assert quiet_models.exists()


def test_what_could_not_be_fetched_is_told_without_its_address(data_dir: Path, quiet_models: Path) -> None:
    """It would fill the narrow column of the house; a host is what a person can check."""
    assert not quiet_models.exists()
    url = f"http://127.0.0.1:1/{'model' * 30}"
    with serving(Application(data_dir, yamnet_url=url)) as served, browsing(served.url) as page:
        page.goto(f"{served.url}/#/")
        page.get_by_text("Téléchargement impossible, nouvel essai dans").first.wait_for()
        told = page.locator(".how details")
        told.get_by_text("Détails").click()
        expect(told).to_contain_text("127.0.0.1 n'est pas joignable depuis cette machine")
        assert "modelmodel" not in told.inner_text()
        assert told.evaluate("one => one.scrollWidth <= one.clientWidth")
