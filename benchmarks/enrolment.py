"""What five given claps are worth: ``python -m benchmarks.enrolment SCENE=A.json SCENE=B.json …``.

The files are what the evaluation's ``enrol.py --json`` writes, run with rules that ``training.profiles --without PEOPLE``
learnt from others than those who are judged; several of one scene are put together. Results go to ``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.quality import RESULTS, ROOT, WEIGHTS, digest, processor


def means(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the mean over people of every figure, without and with a profile."""
    return {
        kind: {figure: round(sum(row[kind][figure] for row in rows) / len(rows), 3) for figure in rows[0][kind]}
        for kind in ("plain", "profile")
    }


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.enrolment", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="SCENE=FILE")
    parser.add_argument("--note", default="", help="kept in the result")
    args = parser.parse_args()
    scenes: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for scene, _, file in (given.partition("=") for given in args.files):
        scenes[scene] += json.loads(Path(file).read_text())["rows"]
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "note": args.note,
        "weights": {p.name: digest(p) for p in sorted(WEIGHTS.glob("*.npz"))},
        "mean": {scene: means(rows) for scene, rows in scenes.items()},
        "people": scenes,
    }
    path = RESULTS / f"enrolment-{result['date']}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    for scene, rows in scenes.items():
        mean = means(rows)
        print(f"{scene:8}", *(f"{kind} {mean[kind]['recall']:.3f} at {mean[kind]['fa']:.1f}" for kind in mean))
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
