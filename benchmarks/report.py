"""Results of benchmarks: dated JSON in ``benchmarks/results`` that names the machine by its processor."""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.process import machine

RESULTS = Path(__file__).parent / "results"


def write(name: str, found: Mapping[str, Any], note: str = "") -> Path:
    """Write a result as ``NAME-DATE-TIME.json``, with machine, load and note; return its path."""
    now = datetime.now(UTC)
    about = {"date": now.isoformat(timespec="seconds"), **machine(), "load_average": round(os.getloadavg()[0], 2)}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}-{now:%Y-%m-%d-%H%M}.json"
    path.write_text(json.dumps({**about, "note": note, **found}, indent=1) + "\n", encoding="utf-8")
    print(path, flush=True)
    return path


def newest(name: str, kind: str = "") -> dict[str, Any] | None:
    """Return the newest result of a name, with a run of that kind if one is named; None where there is none."""
    for path in sorted(RESULTS.glob(f"{name}-[0-9]*.json"), key=lambda path: path.stem, reverse=True):
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not kind or kind in found["runs"]:
            return found
    return None


def arguments(about: str | None) -> argparse.ArgumentParser:
    """Return a parser for a benchmark that may run another commit beside, described by its docstring's first line."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("--against", type=Path, help="the src folder of another commit, to run beside or by turns")
    parser.add_argument("--note", default="", help="what ran beside")
    return parser


def sources(against: Path | None, ours: str = "this") -> dict[str, Path]:
    """Return the src folders to run: this checkout's, and the other one's if there is one."""
    return {ours: Path(__file__).parents[1] / "src"} | ({"against": against} if against else {})


def spread(values: Sequence[float], digits: int = 3) -> dict[str, Any]:
    """Return median and range."""
    return {
        "median": round(statistics.median(values), digits),
        "range": [round(min(values), digits), round(max(values), digits)],
    }


def spreads(turns: Sequence[Mapping[str, float]], digits: int = 3) -> dict[str, Any]:
    """Return median and range of each figure that all turns have."""
    return {name: spread([turn[name] for turn in turns], digits) for name in turns[0]}
