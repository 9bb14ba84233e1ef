"""Logging in, in a real browser: with the keyboard alone, in both languages, on a small phone, behind a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.peers.proxy import Proxy
from tests.web.browser import PATIENCE_MS, chromium, needs_browser
from tests.web.conftest import Served, serving
from tests.web.test_page import REFUSED

from claptrap.service import Application
from claptrap.web.proxies import Proxies

PASSWORD = "correct horse"
pytestmark = needs_browser


@pytest.fixture
def blank() -> Iterator[Page]:
    """A small window that shows nothing yet. Fails the test afterwards if a page complained but for refusals."""
    complaints: list[str] = []
    with chromium() as browser:
        page = browser.new_context(locale="fr-FR", viewport={"width": 320, "height": 640}).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
    allowed = ("403 (Forbidden)", "401 (Unauthorized)", "422 (", "WebSocket ")  # what the tests provoke
    assert [said for said in complaints if not any(word in said for word in allowed)] == []


@pytest.fixture
def locked(data_dir: Path, quiet_models: Path) -> Iterator[Served]:
    assert not quiet_models.exists()
    service = Application(data_dir)
    service.access.set_password(PASSWORD)
    with serving(service) as running:
        yield running


def log_in(page: Page, password: str) -> None:
    page.get_by_label("Mot de passe", exact=True).fill(password)
    page.keyboard.press("Enter")
    expect(page.locator(".link-connected")).to_be_visible()


def test_the_keyboard_is_enough(locked: Served, blank: Page) -> None:
    page = blank
    page.goto(locked.url)
    expect(page.get_by_role("heading", name="Se connecter")).to_be_visible()
    expect(page.get_by_label("Mot de passe", exact=True)).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.keyboard.type("wrong guess")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Le mot de passe est faux.")).to_be_visible()
    page.get_by_role("button", name="English").press("Enter")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_label("Password", exact=True).press("ControlOrMeta+a")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".link-connected")).to_be_visible()
    page.reload()
    expect(page.locator(".link-connected")).to_be_visible()
    page.locator("footer").get_by_role("button", name="Log out").press("Enter")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()


def test_who_cannot_be_logged_out_is_told_so(locked: Served, blank: Page) -> None:
    """Who leaves a foreign computer must not believe that it is done."""
    page = blank
    page.goto(locked.url)
    log_in(page, PASSWORD)
    leave = page.locator("footer").get_by_role("button", name="Se déconnecter")
    page.route("**/api/access/logout?*", lambda route: route.fulfill(status=422, json=REFUSED), times=1)
    leave.click()
    expect(page.locator("footer").get_by_role("alert")).to_have_text("Toujours connecté : Refusé.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    leave.click()
    expect(page.get_by_role("heading", name="Se connecter")).to_be_visible()


def test_a_page_whose_session_ends_elsewhere_asks_for_the_password(locked: Served, blank: Page) -> None:
    page = blank
    page.goto(locked.url)
    log_in(page, PASSWORD)
    locked.service.access.set_password("battery staple")
    expect(page.get_by_role("heading", name="Se connecter")).to_be_visible()
    log_in(page, "battery staple")


def test_password_and_tokens_are_managed_on_the_page(served: Served, blank: Page) -> None:
    page = blank
    page.goto(f"{served.url}/#/settings/access")
    panel = page.locator(".access-panel")
    panel.get_by_label("Nouveau mot de passe").fill("short")
    panel.get_by_role("button", name="Choisir ce mot de passe").click()
    expect(panel.get_by_text("au moins 8 caractères", exact=False).last).to_be_visible()
    panel.get_by_label("Nouveau mot de passe").fill(PASSWORD)
    panel.get_by_role("button", name="Choisir ce mot de passe").click()
    expect(panel.get_by_text("Mot de passe enregistré")).to_be_visible()
    expect(page.locator(".link-connected")).to_be_visible()
    panel.get_by_label("Nom du nouveau jeton").fill("Prometheus")
    panel.get_by_role("button", name="Créer un jeton").click()
    token = panel.locator("code.token")
    expect(token).to_be_visible()
    assert served.ask("GET", "/metrics", Authorization=f"Bearer {token.inner_text()}").status == 200
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    panel.get_by_role("button", name="Révoquer le jeton Prometheus").click()
    expect(panel.get_by_role("button", name="Révoquer le jeton Prometheus")).to_have_count(0)
    assert served.service.access.tokens() == ()


def test_the_page_lives_under_the_sub_path_of_a_proxy(blank: Page, data_dir: Path, quiet_models: Path) -> None:
    assert not quiet_models.exists()
    service = Application(data_dir)
    with (
        serving(service, proxies=Proxies(["127.0.0.1"])) as served,
        Proxy(served.port, "/clap/trap", headers={"X-Forwarded-Prefix": "/clap/trap"}) as proxy,
    ):
        page = blank
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url.replace("ws:", "http:")))
        page.goto(f"{proxy.url}/")
        page.get_by_label("Clé de mise en service").fill(service.access.setup_code)
        page.get_by_label("Nouveau mot de passe").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator(".link-connected")).to_be_visible()
        expect(page.locator(".state-live")).to_be_visible()
        assert [url for url in asked if not url.startswith(f"{proxy.url}/")] == []
        page.goto(f"{proxy.url}/micro")
        expect(page.get_by_role("button", name="Écouter avec ce micro")).to_be_visible()
        page.goto("about:blank")
