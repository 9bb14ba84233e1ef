"""What the documentation says is there, is there: links, commands, addresses, bodies; in both languages."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from claptrap.cli.main import main
from claptrap.cli.serve import serve
from claptrap.core.errors import InputError
from claptrap.core.events import Event
from claptrap.delivery.payload import event_payload
from claptrap.settings.environment import OTHERS
from claptrap.settings.ids import new_source_id
from claptrap.settings.merge import merged
from claptrap.settings.schema import Settings
from claptrap.settings.validation import check
from claptrap.web.api import ROUTES
from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "training/README.md"])
DOCS = ROOT / "docs"
ENGLISH_ONLY = {  # for people who read code
    "adding-a-source.md",
}  # fmt: skip


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """Yield the fenced blocks of these languages; an empty one is a block that names none."""
    fences = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    yield from (text for language, text in fences if language in languages)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and the site make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = [re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", line) for line in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    plain = (unicodedata.normalize("NFC", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\s-]", "", heading).strip().replace(" ", "-") for heading in plain}


def shell_lines(page: Path) -> Iterator[str]:
    """Yield the commands that a page tells people to type, one logical line each."""
    for block in blocks(page, "sh", ""):
        joined = re.sub(r"'[^']*'", lambda quoted: quoted[0].replace("\n", " "), block.replace("\\\n", " "))
        yield from (line.strip() for line in joined.splitlines() if line.strip())


def alternatives(command: str) -> list[str]:
    """Return each of what ``claptrap token create|list`` stands for."""
    choice = re.search(r"\S+\|\S+", command)
    return [command.replace(choice[0], one) for one in choice[0].split("|")] if choice else [command]


def named(page: Path, what: object) -> str:
    """Return where a fault is, and what it is, for the list of a test's failures."""
    return f"{page.relative_to(ROOT)}: {what}"


def leads_somewhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    return there.exists() and (not anchor or anchor in anchors(there))


def test_links_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        links = (link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", link))
        broken += [named(page, link) for link in links if not leads_somewhere(page, link)]
    assert broken == []


def test_every_page_has_its_other_language() -> None:
    english = {path.name for path in DOCS.glob("*.md")}
    assert english - ENGLISH_ONLY == {path.name for path in (DOCS / "fr").glob("*.md")} - ENGLISH_ONLY
    assert english >= ENGLISH_ONLY


def why_refused(line: str) -> str:
    """Return what ``claptrap`` has against a command line; empty where it takes it."""
    _, *arguments = shlex.split(line.replace("…", ""))
    context = click.Context(main, resilient_parsing=True)
    command: click.Command = main
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        found = command.get_command(context, arguments.pop(0))
        if found is None:
            return "no such command"
        command, context = found, click.Context(found, parent=context, resilient_parsing=True)
    try:
        command.make_parser(context).parse_args(arguments)
    except click.UsageError as error:
        return error.format_message()
    return ""


def test_commands_are_ones_that_claptrap_takes() -> None:
    """Every ``claptrap …`` in a block or in code within a line: the command exists, and so does each option."""
    refused = []
    for page in PAGES:
        inline = re.findall(r"`((?:\.venv/bin/)?claptrap [a-z][^`]*)`", page.read_text("utf-8"))
        typed = [line.partition("  #")[0] for line in shell_lines(page) if re.match(r"(\.venv/bin/)?claptrap\b", line)]
        lines = [one for found in [*typed, *inline] for one in alternatives(found)]
        refused += [named(page, f"{line}: {why}") for line in lines if (why := why_refused(line))]
    assert refused == []


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    missing = []
    for page in PAGES:
        asked = re.findall(r"`(?:sudo )?make ([a-z][a-z-]*)", page.read_text("utf-8"))
        asked += [found[1] for line in shell_lines(page) if (found := re.match(r"(?:sudo )?make ([a-z-]+)", line))]
        missing += [named(page, target) for target in asked if target not in targets]
    assert missing == []


def what_is_sent(page: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the address below ``/api/`` and the body of all that a page lets people send with curl."""
    for line in shell_lines(page):
        words = shlex.split(line.partition(" # ")[0]) if line.startswith("curl ") else []
        if "-d" in words:
            text = words[words.index("-d") + 1].replace("whsec_…", "whsec_" + "QUJD" * 8).replace("…", "x")
            yield next(word for word in words if "/api/" in word).partition("/api/")[2], json.loads(text)


def check_sent(address: str, body: dict[str, Any]) -> None:
    """Raise ``InputError`` unless ClapTrap takes ``body`` there."""
    if address == "settings":
        check(merged(Settings(), body))
    elif address == "sources":
        check(merged(Settings(), {"sources": [{**body, "id": new_source_id(Settings(), body)}]}))
    elif address.startswith("sources/") and address.count("/") == 1:
        check(merged(Settings(), {"sources": [{**body, "id": "microphone"}]}))


def test_settings_in_examples_are_valid() -> None:
    """What a page lets people send with curl is JSON that ClapTrap takes."""
    sent = [(page, address, body) for page in PAGES for address, body in what_is_sent(page)]
    assert sent
    refused = []
    for page, address, body in sent:
        try:
            check_sent(address, body)
        except InputError as error:
            refused.append(named(page, f"{address} {body}: {error}"))
    assert refused == []


def test_addresses_are_ones_that_claptrap_serves() -> None:
    """Each ``GET /api/…`` within a line, and each address that is asked by curl, with its method."""
    served = [(method, re.compile(re.sub("{[^}]+}", "[^/]+", route))) for method, route in ROUTES]
    unknown = []
    for page in PAGES:
        asked = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/(?:api/|healthz|livez|metrics)[^`]*)`", page.read_text("utf-8"))
        for words in (shlex.split(line, comments=True) for line in shell_lines(page) if line.startswith("curl ")):
            method = words[words.index("-X") + 1] if "-X" in words else "POST" if "-d" in words else "GET"
            asked += [(method, f"/api/{word.partition('/api/')[2]}") for word in words if "/api/" in word]
        for method, address in asked:
            path = address.partition("?")[0]
            if not any(known == method and route.fullmatch(path) for known, route in served):
                unknown.append(named(page, f"{method} {path}"))
    assert unknown == []


def test_programs_and_variables_are_there() -> None:
    """Each example that is named exists; each variable is one that ClapTrap, or its making, reads."""
    known, missing = {*variables(), "CLAPTRAP_SHARED"}, []
    for page in PAGES:
        text = page.read_text("utf-8")
        programs = re.findall(r"\b(?:examples|scripts|packaging)/[\w./-]*\w", text)
        missing += [named(page, name) for name in programs if not (ROOT / name).exists()]
        missing += [named(page, name) for name in re.findall(r"\bCLAPTRAP_[A-Z_]*[A-Z]\b", text) if name not in known]
    assert missing == []


def variables() -> set[str]:
    """Return every variable that ClapTrap reads."""
    return {str(option.envvar) for option in serve.params if isinstance(option, click.Option) and option.envvar} | {*OTHERS}


def test_no_variable_that_claptrap_reads_is_said_to_be_unknown() -> None:
    """``claptrap settings check`` tells of those that it does not know."""
    read = {
        name
        for file in (ROOT / "src/claptrap").rglob("*.py")
        for name in re.findall(r'"(CLAPTRAP_[A-Z_]*[A-Z])"', file.read_text("utf-8"))
    }
    assert read <= variables()


def test_twenty_complaints_are_answered_in_both_languages() -> None:
    """Those that users of such programs have most often."""
    english, french = (
        re.findall(r"^\| \*\*.+\*\* \| .{10,} \|$", (DOCS / folder / "troubleshooting.md").read_text("utf-8"), re.MULTILINE)
        for folder in ("", "fr")
    )
    assert len(english) == len(french) >= 20


def test_each_fault_that_is_survived_names_its_test() -> None:
    """The same tests in both languages, and each is there."""
    english, french = (
        re.findall(r"`(tests/\S+\.py)::(\w+)`", (DOCS / folder / "faults.md").read_text("utf-8")) for folder in ("", "fr")
    )
    assert english == french
    missing = [f"{file}::{name}" for file, name in english if f"def {name}(" not in (ROOT / file).read_text("utf-8")]
    assert missing == []
    assert len(english) >= 30


def test_bodies_that_are_shown_are_the_ones_that_are_sent() -> None:
    event = Event("s", "S", "microphone", "e", 0, 1.0, 1.1, 1.0, 0.9)
    texts = [block for page in PAGES for block in blocks(page, "json") if '"event_id"' in block and '"labels"' in block]
    whole = [body for body in map(json.loads, texts) if "latency_s" not in body]  # not what Socket.IO tells
    assert len(whole) >= 4
    assert all(set(body) >= set(event_payload(event)) for body in whole)


def test_notices_name_everything_that_is_locked() -> None:
    """Whoever changes dependencies: ``make notices``."""
    named = re.findall(r"^\| (\S+)(?: \(npm\))? \|", (ROOT / "NOTICES.md").read_text("utf-8"), re.MULTILINE)
    lock = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    page = json.loads((ROOT / "frontend/package.json").read_text("utf-8"))["dependencies"].keys() - {"esbuild"}
    assert set(named) - {"package"} == {name.lower() for name in lock} | page


@pytest.mark.slow
def test_the_site_is_built_without_a_complaint(tmp_path: Path) -> None:
    """And no page of it asks another host for anything."""
    built = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert {"index.html", "fr/index.html"} <= {page.relative_to(tmp_path).as_posix() for page in pages}
    foreign = re.compile(r'<(?:script|img|link|iframe)[^>]*(?:src|href)="(?:https?:)?//(?!localhost)[^"]*"')
    assert [(page.name, found[0]) for page in pages for found in foreign.finditer(page.read_text("utf-8"))] == []
