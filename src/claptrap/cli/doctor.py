"""``claptrap doctor``: what is wrong with this machine, and what to do."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path

import click

from claptrap.cli.defaults import HOST, PORT, in_data_dir
from claptrap.cli.language import with_program_name
from claptrap.cli.terminal import echo, terminal_language
from claptrap.core.errors import ModelError
from claptrap.core.spec import Language
from claptrap.doctor.ask import ask
from claptrap.doctor.bundle import MOST_LOG_BYTES, BundleContents, bundle
from claptrap.doctor.finding import Finding, Severity, is_well
from claptrap.doctor.processor import examine_processor
from claptrap.models.catalogue import YAMNET, models_folder
from claptrap.models.model_store import find
from claptrap.text.catalogue import say

_GRADES: dict[Language, dict[Severity, str]] = {
    "fr": {Severity.OK: "bien", Severity.WARNING: "attention", Severity.FAULT: "panne"},
    "en": {Severity.OK: "ok", Severity.WARNING: "warning", Severity.FAULT: "fault"},
}
_COLOURS = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.FAULT: "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("--host", default=HOST, envvar="CLAPTRAP_HOST", show_default=True, show_envvar=True, help="As for serve.")
@click.option(
    "--port",
    default=PORT,
    envvar="CLAPTRAP_PORT",
    show_default=True,
    show_envvar=True,
    type=click.IntRange(1, 65535),
    help="As for serve.",
)
@in_data_dir
@click.option(
    "--bundle",
    "bundle_to",
    metavar="FILE.zip",
    type=click.Path(dir_okay=False, readable=False, path_type=Path),
    help="Also write a support bundle, without secrets and addresses.",
)
@click.option(
    "--log",
    "log_file",
    type=click.Path(dir_okay=False, readable=False, path_type=Path),
    help="Log file for the bundle. Default: claptrap.log in the data folder, if it exists.",
)
def doctor(as_json: bool, host: str, port: int, data_dir: Path, bundle_to: Path | None, log_file: Path | None) -> None:
    """Check this machine; nothing is changed. The service may run or not.

    Each line is ok, a warning or a fault, with what to do. Exit status 1 if there is a fault.
    """
    findings: list[Finding] = []
    for found in _findings(host, port, data_dir):
        findings.append(found)
        if as_json:
            echo(json.dumps(found.to_json(), ensure_ascii=False))
        else:
            language = terminal_language()
            echo(with_program_name(found.words(language)), mark=_grade(found.grade, language))
    if bundle_to is not None:
        _write_bundle(bundle_to, collect_bundle(findings, host, port, data_dir, log_file or data_dir / "claptrap.log"))
    sys.exit(0 if is_well(findings) else 1)


def collect_bundle(findings: Sequence[Finding], host: str, port: int, data_dir: Path, log_file: Path) -> BundleContents:
    """Return what there is for a bundle; what cannot be had is left out."""
    settings: object = None
    with suppress(OSError, ValueError, RecursionError):
        settings = json.loads((data_dir / "settings.json").read_bytes())
    metrics = log = ""
    with suppress(OSError, HTTPException):
        status, answer = ask(host, port, "/metrics")
        metrics = answer.decode(errors="replace") if status == HTTPStatus.OK else ""  # it may want a password
    with suppress(OSError), log_file.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - MOST_LOG_BYTES))
        log = file.read(MOST_LOG_BYTES).decode(errors="replace")
    return BundleContents(findings, settings, log, metrics)


def _write_bundle(path: Path, evidence: BundleContents) -> None:
    language = terminal_language()
    try:
        path.write_bytes(bundle(evidence))
    except OSError as error:
        echo(say("doctor.bundle_unwritable", language, path=str(path), reason=error.strerror or str(error)), err=True)
        sys.exit(1)
    echo(say("doctor.bundle", language, path=str(path)), err=True)


def _findings(host: str, port: int, data_dir: Path) -> Iterable[Finding]:
    """Yield what is found: first what decides whether anything else can be loaded."""
    about_processor = examine_processor(_verified_yamnet())
    yield from about_processor
    if not is_well(about_processor):
        return
    from claptrap.doctor.examination import ExaminationTarget, examine  # noqa: PLC0415  # loads NumPy, which may kill the process

    yield from examine(ExaminationTarget(data_dir, models_folder(), host, port))


def _verified_yamnet() -> Path | None:
    try:
        return find(YAMNET, models_folder())
    except ModelError:
        return None  # told by the examination


def _grade(grade: Severity, language: Language) -> str:
    words = _GRADES[language]
    return click.style(f"{words[grade]:<{max(map(len, words.values()))}}  ", fg=_COLOURS[grade])
