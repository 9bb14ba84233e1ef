"""Pictures of every view of the page, to be looked at: in both shades, as wide as a desk, a tablet and a phone.

The houses are made up (``tests.peers.demo_house``) and heard by the real service; Debian's Chromium shows them. Each picture
is the whole view, however long. With ``--docs`` it makes the pictures of README and docs instead: WebP, both languages.

    python -m benchmarks.screenshots FOLDER [--only home,history] [--widths 1440,820,390] [--shades dark,light]
        [--language fr]
    python -m benchmarks.screenshots docs/images --docs
"""

from __future__ import annotations

import argparse
import base64
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from tests.peers.demo_house import demo_house
from tests.web.browser import FLAGS, WHOLE
from tests.web.conftest import Served, serving
from tests.web.test_nodes import CAMERA, Kitchen

from claptrap.service import Application

SIZES = {1440: 900, 820: 1180, 390: 844}
SHADES = ("dark", "light")
HEARD_MS = 33_000  # until strips are full
SEEN_MS = 9_000  # until the spectrogram of a source that is looked at is
SETTLED_MS = 450
STEP_MS = 1_200
PATIENCE_MS = 15_000
KINDS = ("microphone", "rtsp", "browser", "vban", "wyoming", "file")
SETTINGS = ("display", "acting", "sounds", "notify", "mqtt", "backups", "import", "access", "about")
WEBP = """async ([png, quality]) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), {width: image.width, height: image.height});
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', quality).split(',')[1];
}"""
QUALITY = 0.82


@dataclass(frozen=True, slots=True)
class View:
    """What is shown.

    Attributes:
        house: in which of the ``HOUSES``.
        link: where it is.
        act: what a person does there first.
        whole: all of it, not only what fits the window.
    """

    house: str
    link: str
    act: Callable[[Page], Any] = lambda _: None
    whole: bool = True


def press(*names: str) -> Callable[[Page], None]:
    """Return what presses these, one after the other: CSS selectors, of each the first."""

    def act(page: Page) -> None:
        for name in names:
            page.locator(name).locator("visible=true").first.click()
            page.wait_for_timeout(STEP_MS)

    return act


def first_steps(steps: int) -> Callable[[Page], None]:
    """Return what goes ``steps`` further in the first steps."""
    return press(*[".step-actions .start"] * steps)


def offline(page: Page) -> None:
    """Cut the page off its service."""
    page.context.set_offline(True)
    page.locator(".link-lost").wait_for()


def log_in_wrongly(page: Page) -> None:
    """Give a password that is none."""
    page.locator("#login-password").fill("no password")
    press(".login-form .start")(page)


VIEWS = {
    "home": View("full", "#/"),
    "home-problems": View("full", "#/", press(".problems summary"), whole=False),
    "home-help": View("full", "#/", press(".activity .help summary"), whole=False),
    "home-plain": View("plain", "#/", whole=False),
    "beside": View("full", "#/at/living"),
    "few": View("few", "#/"),
    "source-live": View("full", "#/source/living"),
    "source-help": View("full", "#/source/living", press(".field-threshold .help summary"), whole=False),
    "source-broken": View("full", "#/source/garden"),
    "source-reactions": View("full", "#/source/living/reactions"),
    "source-tuning": View("full", "#/source/living/reactions", press(".reaction .what")),
    "source-options": View("full", "#/source/living/reactions", press(".webhook .more-options summary")),
    "source-source": View("full", "#/source/living/source"),
    "source-edit": View("full", "#/source/entrance/source", press(".edit-actions button")),
    "lesson-rhythm": View("full", "#/source/kitchen/reactions", press(".reaction-more button:nth-of-type(2)")),
    "lesson-sound": View("full", "#/source/kitchen/reactions", press(".reaction-more button:nth-of-type(3)")),
    "calibrate": View("full", "#/calibrate/living"),
    "history": View("full", "#/history"),
    "history-menu": View("full", "#/history", press(".menu summary"), whole=False),
    "history-player": View("full", "#/history", press(".found [aria-expanded]"), whole=False),
    "history-deliveries": View("full", "#/history/deliveries"),
    "history-statistics": View("full", "#/history/statistics"),
    **{f"settings-{page}": View("full", f"#/settings/{page}") for page in SETTINGS},
    "settings-machines": View("cluster", "#/settings/nodes"),
    **{
        f"add-{kind}": View("full", "#/", press(".add-open", f".kind:has(input[value={kind}])"), whole=False)
        for kind in KINDS
    },
    "remove": View("full", "#/source/living/source", press(".edit-actions [data-asks]"), whole=False),
    "kiosk": View("full", "#/kiosk", whole=False),
    "kiosk-plain": View("plain", "#/kiosk", whole=False),
    "undo": View("few", "#/", press(".field-webhook .switch-track"), whole=False),
    "gone": View("full", "#/source/gone"),
    "empty": View("empty", "#/"),
    "empty-history": View("empty", "#/history"),
    **{f"start-{step + 1}": View("fresh", "#/start", first_steps(step)) for step in range(3)},
    "login": View("locked", "#/"),
    "login-wrong": View("locked", "#/", log_in_wrongly),
    "micro": View("few", "micro"),
    "offline": View("full", "#/", offline),
    "offline-source": View("full", "#/source/living", offline),
}


@contextmanager
def house(name: str, folder: Path, language: str) -> Iterator[Served]:
    """Run the house of that name."""
    if name in ("full", "plain", "few"):
        with demo_house(folder, language, 2 if name == "few" else 12, rooms=name == "full") as served:
            yield served
        return
    cluster = Kitchen() if name == "cluster" else None
    app = Application(folder, cluster=cluster)
    if name == "locked":
        app.access.set_password("a password")
    with serving(app) as served:
        if name == "empty":
            app.settings.apply({"welcomed": True})
            for one in app.settings.current.sources:
                app.sources.remove(one.id)
        if cluster:
            app.sources.add(CAMERA)
        yield served


@contextmanager
def opened(browser: Browser, served: Served, width: int, shade: str, language: str) -> Iterator[Page]:
    """Open the page of a house as a device of that width shows it; a narrow one has fingers."""
    is_touched = width < max(SIZES)
    options: dict[str, Any] = {"has_touch": is_touched, "is_mobile": is_touched, "color_scheme": shade}
    locale = {"fr": "fr-FR", "en": "en-GB"}[language]
    context = browser.new_context(
        locale=locale, timezone_id="Europe/Paris", viewport={"width": width, "height": SIZES[width]}, **options
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(served.url)
    try:
        yield page
    finally:
        context.close()


def show(page: Page, served: Served, view: View) -> None:
    """Go to a view, and do there what is to be done."""
    page.context.set_offline(False)
    page.goto(f"{served.url}/#/settings/about")  # what was opened before is closed
    page.goto(f"{served.url}/{view.link}")
    page.wait_for_timeout(SETTLED_MS)
    view.act(page)
    page.wait_for_timeout(SETTLED_MS)


def look_at_all(
    browser: Browser, folder: Path, wanted: dict[str, View], sizes: list[int], shades: list[str], language: str
) -> None:
    """Make a picture of each view, ``NAME-WIDTH-SHADE.png``; what could not be shown is said, and the others are made."""
    for name in dict.fromkeys(view.house for view in wanted.values()):
        with tempfile.TemporaryDirectory() as data, house(name, Path(data), language) as served:
            is_first = True
            for width in sizes:
                for shade in shades:
                    with opened(browser, served, width, shade, language) as page:
                        page.wait_for_timeout(HEARD_MS if is_first and name in ("full", "few", "plain") else SETTLED_MS)
                        is_first = False
                        for title, view in wanted.items():
                            if view.house != name:
                                continue
                            try:
                                show(page, served, view)
                            except Exception as error:  # noqa: BLE001  # one view must not cost the others
                                print(f"{title} {width} {shade}: {str(error).splitlines()[0]}")
                            page.screenshot(path=folder / f"{title}-{width}-{shade}.png", full_page=view.whole)


# name, view, width, height, and whether to wait until a clap is seen
DOCS = (
    ("wall", "home-plain", 1280, 800, True),
    ("source", "source-live", 1280, 860, False),
    ("reactions", "source-reactions", 1280, 860, False),
    ("history", "history", 1280, 860, False),
    ("phone", "home-plain", 390, 844, True),
)


def picture_docs(browser: Browser, folder: Path) -> None:
    """Make the pictures of README and docs: ``NAME-LANGUAGE-SHADE.webp``."""
    for language in ("en", "fr"):
        for name in ("plain", "full"):
            with tempfile.TemporaryDirectory() as data, house(name, Path(data), language) as served:
                for shade in SHADES:
                    with opened(browser, served, max(SIZES), shade, language) as page:
                        page.wait_for_timeout(HEARD_MS if shade == SHADES[0] else SETTLED_MS)
                        for title, view, width, height, is_clap in DOCS:
                            if VIEWS[view].house != name:
                                continue
                            page.set_viewport_size({"width": width, "height": height})
                            show(page, served, VIEWS[view])
                            page.wait_for_timeout(SEEN_MS if title == "source" else 0)
                            if is_clap:
                                page.locator(".ear-clap").wait_for(timeout=4 * PATIENCE_MS)
                                page.wait_for_timeout(SETTLED_MS)
                            png = base64.b64encode(page.screenshot()).decode()
                            webp = base64.b64decode(page.evaluate(WEBP, [png, QUALITY]))
                            (folder / f"{title}-{language}-{shade}.webp").write_bytes(webp)
                            print(f"{title}-{language}-{shade}.webp: {len(webp) / 1000:.0f} kB")


def main() -> None:
    """Make the pictures that are asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--only", default="", help="views whose names begin like these")
    asked.add_argument("--widths", default=",".join(map(str, SIZES)))
    asked.add_argument("--shades", default=",".join(SHADES))
    asked.add_argument("--language", default="fr", choices=("fr", "en"))
    asked.add_argument("--docs", action="store_true")
    args = asked.parse_args()
    logging.getLogger("claptrap").setLevel(logging.CRITICAL)  # what is broken in the house is broken on purpose
    args.folder.mkdir(parents=True, exist_ok=True)
    begun = tuple(args.only.split(","))
    wanted = {name: view for name, view in VIEWS.items() if name.startswith(begun)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=WHOLE, args=[*FLAGS, "--disable-features=LocalNetworkAccessChecks"]
        )
        if args.docs:
            picture_docs(browser, args.folder)
        else:
            sizes = [int(width) for width in args.widths.split(",")]
            look_at_all(browser, args.folder, wanted, sizes, args.shades.split(","), args.language)
        browser.close()


if __name__ == "__main__":
    main()
