"""What the page offers for help, and MediaMTX's streams as sources."""

from __future__ import annotations

import zipfile

import pytest
from playwright.sync_api import Page, expect
from tests.peers.mediamtx import api
from tests.web.browser import needs_browser
from tests.web.conftest import Served

from claptrap.mediamtx.config import ApiAddress
from claptrap.mediamtx.paths import list_paths
from claptrap.service import streams

pytestmark = needs_browser
PATHS = {"/v3/paths/list": {"items": [{"name": "mic", "online": False, "tracks": []}]}, "/v3/config/global/get": {}}


def test_a_support_bundle_is_downloaded(page: Page) -> None:
    """From the settings."""
    page.get_by_role("link", name="Réglages", exact=True).click()
    page.get_by_role("link", name="À propos").click()
    with page.expect_download(timeout=60_000) as coming:
        page.get_by_role("link", name="Télécharger un dossier d'assistance").click()
    assert coming.value.suggested_filename.startswith("claptrap-support-")
    with zipfile.ZipFile(coming.value.path()) as file:
        assert "doctor.fr.txt" in file.namelist()


def test_a_stream_of_mediamtx_becomes_a_source(page: Page, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one press; afterwards it is said to be one."""
    with api(PATHS) as port:
        monkeypatch.setattr(streams, "list_paths", lambda _: list_paths(ApiAddress(port=port)))
        page.get_by_role("button", name="Ajouter une source").click()
        page.get_by_role("radio", name="RTSP").press("Space")
        page.get_by_role("button", name="Ajouter le flux mic").click()
        expect(page.get_by_role("heading", name="mic", exact=True)).to_be_visible()
        assert served.service.sources.get("mic")["input"]["url"] == "rtsp://127.0.0.1:8554/mic"
        page.get_by_role("button", name="Ajouter une source").click()
        page.get_by_role("radio", name="RTSP").press("Space")
        expect(page.get_by_text("déjà une source")).to_be_visible()
