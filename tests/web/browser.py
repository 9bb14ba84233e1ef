"""A real browser on the real page, that notices what a person would not forgive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from claptrap.web.page import ASSETS

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run")
PATIENCE_MS = 20_000

needs_browser = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is missing: sudo apt install chromium"),
    pytest.mark.skipif(not (ASSETS / "index.html").exists(), reason="the page is not built: make page"),
]


@contextmanager
def browsing(url: str, **context: Any) -> Iterator[Page]:
    """Open the page at ``url``; complain afterwards of what it wrote on its console, or asked of anybody but its service.

    Args:
        url: of the service, without a path.
        context: options of Playwright's browser context. French is the page's default whatever the browser speaks.
    """
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(**{"locale": "en-US", "color_scheme": "dark", **context}).new_page()
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(url) else complaints.append(asked.url))
        page.on(
            "websocket",
            lambda socket: None if socket.url.startswith(url.replace("http", "ws")) else complaints.append(socket.url),
        )
        page.goto(url)
        yield page
        browser.close()
    assert [said for said in complaints if not _is_provoked(said)] == []


def _is_provoked(said: str) -> bool:
    """Whether this is Chromium's own note of what tests do on purpose: a refusal, a network that is taken away."""
    return bool(set(said.split()) & {"409", "412", "422"}) or "ERR_INTERNET_DISCONNECTED" in said
