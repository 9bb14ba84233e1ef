"""A real browser on the real page, that notices what a person would not forgive."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from claptrap.web.page import ASSETS

SHELL = Path(os.environ.get("CLAPTRAP_CHROMIUM", "/usr/bin/chromium-headless-shell"))  # or another, an older one say
WHOLE = Path("/usr/bin/chromium")
CHROMIUM = SHELL if SHELL.exists() else WHOLE  # a page costs the shell 0.6 s of a core to open, and Chromium whole 2.2 s
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run")
PATIENCE_MS = 20_000
UNTIL = """async patience => {{
    const end = performance.now() + patience;
    while (!(await ({what}))) {{
        if (performance.now() > end) throw new Error('it never came');
        await new Promise(done => setTimeout(done, 50));
    }}
}}"""
LOOK = """() => {{
    const look = () => {{ window.glimpsed ||= !!({seen}); }};
    window.glimpsed = false;
    window.looking?.disconnect();
    window.looking = new MutationObserver(look);
    window.looking.observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}});
}}"""

needs_browser = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is missing: sudo apt install chromium-headless-shell"),
    pytest.mark.skipif(not (ASSETS / "index.html").exists(), reason="the page is not built: make page"),
]


class _Shared:
    """One Playwright and one Chromium for all tests of a process: starting them takes seconds.

    Playwright leaves its event loop marked as the thread's running one, and no test could run another; so it is marked only
    while a test browses.
    """

    def __init__(self) -> None:
        self._open = ExitStack()
        self._playwright: Playwright | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._browser: Browser | None = None

    @contextmanager
    def playwright(self) -> Iterator[Playwright]:
        """Yield Playwright; within another such block too."""
        before = asyncio._get_running_loop()
        if self._playwright is None:
            others = set(threading.enumerate())
            self._playwright = self._open.enter_context(sync_playwright())
            self._loop = asyncio.get_running_loop()
            expect.set_options(timeout=PATIENCE_MS)
            for thread in set(threading.enumerate()) - others:
                thread.name = f"session:{thread.name}"
        asyncio._set_running_loop(self._loop)
        try:
            yield self._playwright
        finally:
            asyncio._set_running_loop(before)

    def browser(self, playwright: Playwright) -> Browser:
        """Return the one Chromium, another if it has crashed."""
        if self._browser is None or not self._browser.is_connected():
            self._browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        return self._browser

    def close(self) -> None:
        """End both; harmless where no test has browsed."""
        if self._playwright is not None:
            with self.playwright():
                if self._browser is not None:
                    self._browser.close()
                self._open.close()
                self._playwright = None


shared = _Shared()


@contextmanager
def chromium(*more: str, path: Path = CHROMIUM) -> Iterator[Browser]:
    """Yield Chromium: the one that all tests share, or one of the test's own with ``more`` flags.

    A test opens a context of its own in it, which ends with the block. Its shell asks nobody for permissions: for a test of
    those, ``path`` is ``WHOLE``.
    """
    with shared.playwright() as playwright:
        if more:
            with playwright.chromium.launch(executable_path=path, args=[*FLAGS, *more]) as browser:
                yield browser
            return
        browser = shared.browser(playwright)
        before = browser.contexts
        try:
            yield browser
        finally:
            for context in browser.contexts:
                if context not in before:
                    context.close()


@contextmanager
def browsing(url: str, provoked: Collection[str] = (), **context: Any) -> Iterator[Page]:
    """Open the page at ``url``; complain afterwards of what it wrote on its console, or asked of anybody but its service.

    Args:
        url: of the service, without a path.
        provoked: words in what Chromium says of what a test does on purpose, besides the usual; "503 /api/devices" is a word
            of what it says of that address only.
        context: options of Playwright's browser context. The browser speaks French unless told otherwise.
    """
    complaints: list[str] = []
    with chromium() as browser:
        page = browser.new_context(**{"locale": "fr-FR", "color_scheme": "dark", **context}).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on(
            "console",
            lambda said: (
                complaints.append(f"{said.text} {said.location['url']}") if said.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(url) else complaints.append(asked.url))
        page.on(
            "websocket",
            lambda socket: None if socket.url.startswith(url.replace("http", "ws")) else complaints.append(socket.url),
        )
        page.goto(url)
        yield page
    unprovoked = [said for said in complaints if not _is_provoked(said, provoked)]
    assert not unprovoked, unprovoked


def show_phone(page: Page, add: str = "Ajouter une source", phone: str = "Téléphone") -> None:
    """Open the dialog that adds sources, and choose a phone in it.

    Once the page knows the settings: it may lead to the first steps then, and a dialog closes where one goes elsewhere.
    """
    expect(page.locator("footer")).to_contain_text("version")
    page.get_by_role("button", name=add).click()
    page.get_by_role("radio", name=phone).and_(page.locator("[value=browser]")).press("Space")


def until(page: Page, what: str) -> None:
    """Wait until ``what``, an expression of JavaScript, is true, or a promise of something true.

    Playwright's ``wait_for_function`` takes a promise for something true, and evaluates a text anew for each look, which our
    content security policy forbids from the second on.
    """
    page.evaluate(UNTIL.format(what=what), PATIENCE_MS)


@contextmanager
def glimpse(page: Page, seen: str) -> Iterator[None]:
    """Wait at the end of the block until ``seen``, an expression of JavaScript, was true in it, be it for a moment.

    For what is shown for a second only: who looks now and then may look away just then.
    """
    page.evaluate(LOOK.format(seen=seen))
    yield
    until(page, "window.glimpsed")


def _is_provoked(said: str, provoked: Collection[str]) -> bool:
    """Whether this is Chromium's own note of what tests do on purpose: a refusal, a network or a service taken away."""
    words = set(said.split())
    unreachable = any(error in said for error in ("ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION_REFUSED"))
    removed = "404" in words and "/api/sources/" in said  # asked about a source in the moment in which it was removed
    in_use = (
        "503" in words and "/api/vban/streams?port=6980" in said
    )  # the usual port, which the dialog asks first: only one has it
    wanted = any(word in words and address in said for word, _, address in (one.partition(" ") for one in provoked))
    return bool(words & {"409", "412", "422"}) or wanted or unreachable or removed or in_use
