"""What five given claps are worth, as a table and a plot: ``python -m benchmarks.enrolment SCENE=A.json SCENE=B.json …``.

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


def draw(scenes: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Draw each person's recall at the default threshold, without and with a profile."""
    import matplotlib as mpl  # noqa: PLC0415  # only needed here

    mpl.use("Agg")
    mpl.rcParams |= {"svg.hashsalt": "enrolment", "svg.fonttype": "none"}
    import matplotlib.pyplot as plt  # noqa: PLC0415  # likewise

    figure, panels = plt.subplots(
        1, len(scenes), figsize=(3 * len(scenes), 3.4), sharey=True, layout="constrained", squeeze=False
    )
    for axes, (scene, rows) in zip(panels[0], scenes.items(), strict=True):
        for row in rows:
            axes.plot((0, 1), [row[kind]["recall"] for kind in ("plain", "profile")], ".-", color="tab:blue", alpha=0.5)
        mean = means(rows)
        axes.plot((0, 1), [mean[kind]["recall"] for kind in ("plain", "profile")], "o-", color="tab:orange", linewidth=3)
        alarms = [f"{name}\n{mean[kind]['fa']:.0f} FA/h" for name, kind in (("without", "plain"), ("five claps", "profile"))]
        axes.set(xticks=(0, 1), xticklabels=alarms, xlim=(-0.3, 1.3), ylim=(0, 1.02), title=f"{scene}: {len(rows)} people")
        axes.grid(alpha=0.3)
    panels[0][0].set_ylabel("recall at the default threshold")
    figure.savefig(path, metadata={"Date": None})


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
    draw(scenes, RESULTS / "enrolment.svg")
    for scene, rows in scenes.items():
        mean = means(rows)
        print(f"{scene:8}", *(f"{kind} {mean[kind]['recall']:.3f} at {mean[kind]['fa']:.1f}" for kind in mean))
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
