"""The support bundle: what a helper needs to see, without secrets and addresses."""

from __future__ import annotations

import importlib.metadata
import io
import json
import platform
import re
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from claptrap.core.build import version_and_commit
from claptrap.core.spec import Language
from claptrap.doctor.finding import Finding
from claptrap.doctor.redact import Redactor

MOST_LOG_BYTES = 1_000_000
README = """\
ClapTrap: support bundle

Made by “claptrap doctor --bundle” or by the page. Passwords, tokens, headers, signing secrets and body templates are
replaced by ********, and addresses by made-up names (lan-1, internet-2, name-3: the same one everywhere). Names of sources
and devices are in it as you gave them. Look through it before you pass it on.

ClapTrap : dossier d'assistance

Fait par « claptrap doctor --bundle » ou par la page. Mots de passe, jetons, en-têtes, secrets de signature et modèles de
corps sont remplacés par ********, et les adresses par des noms inventés (lan-1, internet-2, name-3 : partout le même). Les
noms des sources et des appareils y figurent tels que vous les avez donnés. Regardez-le avant de le transmettre.
"""


@dataclass(frozen=True, slots=True)
class BundleContents:
    """What goes into a bundle, before it is scrubbed.

    Attributes:
        findings: the doctor's.
        settings: the document with its secrets, as JSON data; None where there is none, or it is no JSON.
        log: its newest lines; empty where none are at hand.
        metrics: what ``/metrics`` says; empty where the service was not asked or did not answer.
        sources: each with its status and counts, as JSON data.
    """

    findings: Sequence[Finding]
    settings: object = None
    log: str = ""
    metrics: str = ""
    sources: Sequence[dict[str, Any]] = ()


def bundle(evidence: BundleContents) -> bytes:
    """Return a zip of all that there is, scrubbed."""
    scrub = Redactor(evidence.settings)
    report = [scrub.data(found.to_json()) for found in evidence.findings]
    files = {
        "README.txt": README,
        "doctor.json": _json(report),
        **{f"doctor.{language}.txt": _report(report, language) for language in ("fr", "en")},
        "versions.json": _json(versions()),
    }
    optional = {
        "settings.json": "" if evidence.settings is None else _json(scrub.data(evidence.settings)),
        "sources.json": _json(scrub.data(list(evidence.sources))) if evidence.sources else "",
        "metrics.txt": scrub.text(evidence.metrics),
        "log.txt": scrub.text(evidence.log[-MOST_LOG_BYTES:]),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in (files | {name: text for name, text in optional.items() if text}).items():
            file.writestr(name, text)
    return packed.getvalue()


def bundle_name() -> str:
    """Return the name of a bundle that is made now."""
    return f"claptrap-support-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"


def versions() -> dict[str, Any]:
    """Return what is installed."""
    needed = importlib.metadata.requires("claptrap") or []
    names = sorted({re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in needed})
    return {
        "claptrap": version_and_commit(),
        "python": sys.version,
        "system": platform.platform(),
        "machine": platform.machine(),
        "packages": {name: _version(name) for name in names},
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _report(report: Sequence[dict[str, Any]], language: Language) -> str:
    lines = [
        f"{found['grade']:<8} {found['subject']}{': ' if found['subject'] else ''}{found[f'message_{language}']}"
        for found in report
    ]
    return "\n".join([*lines, ""])


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
