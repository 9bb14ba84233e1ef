"""How often a look-alike that repeats is taken for a double clap: ``python -m benchmarks.bursts [--weights FOLDER]``.

The evaluation's scenes have no sound that comes again at once, as knocks, keys and drums do, and so cannot tell what it
costs that the judge expects a clap after a clap. Here look-alikes of the validation and the blind part come two to four
times in a row, 0.25 to 0.7 s apart: half of the rows are one recording again and again, half are different ones of its
maker. Each row is judged three times: each sound by itself, with that expectation, and as shipped, where look-alikes are
expected after look-alikes too.

The recordings are not part of the project: ``CLAPTRAP_SHARED`` names the folder that has ``audio/`` and ``models/``.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import soxr
from training.recordings import BLIND, VALIDATION, FloatArray, Recording, recordings

from benchmarks.quality import RESULTS, ROOT, WEIGHTS, digest, processor
from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.detect import prior
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.classifier import Classification
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.engine import Engine
from claptrap.detect.patterns import DetectionSettings
from claptrap.detect.yamnet import YamNet, load_yamnet

PARTS = {"validation": VALIDATION, "blind": BLIND}
ROWS = 750
LONGEST_S = 1.0  # of one look-alike
PAUSE_S = (2.5, 4.0)
GAP_S = (0.25, 0.7)
FLOOR_DBFS, PEAK_DBFS = -75.0, (-24.0, -3.0)
DOUBLE_S = (0.1, 0.8)


def rows(found: list[Recording], seed: int) -> list[FloatArray]:
    """Return ``ROWS`` of the recordings, each (n,) at 16 kHz with silence around it; every maker as often as any other."""
    rng = np.random.default_rng(seed)
    of_maker: dict[str, list[Recording]] = defaultdict(list)
    for recording in found:
        of_maker[recording.maker].append(recording)
    makers = sorted(of_maker)
    return [_row(of_maker[makers[rng.integers(len(makers))]], rng) for _ in range(ROWS)]


def _row(pool: list[Recording], rng: np.random.Generator) -> FloatArray:
    first = pool[rng.integers(len(pool))]
    alike = [first] if rng.random() < 0.5 else pool
    n, gap_s, peak = int(rng.integers(2, 5)), rng.uniform(*GAP_S), 10 ** (rng.uniform(*PEAK_DBFS) / 20)
    starts = np.cumsum(np.r_[1.0, gap_s * rng.uniform(0.93, 1.07, n - 1)])
    length = int((starts[-1] + LONGEST_S + rng.uniform(*PAUSE_S)) * RATE_HZ) // HOP * HOP
    out = (10 ** (FLOOR_DBFS / 20) * rng.standard_normal(length)).astype(np.float32)
    for start in starts.tolist():
        x = alike[rng.integers(len(alike))].samples()
        begin = max(0, int(np.abs(x[: int(1.5 * RATE_HZ)]).argmax()) - RATE_HZ // 10)
        x = soxr.resample(x[begin : begin + int(LONGEST_S * RATE_HZ)], RATE_HZ * rng.uniform(0.97, 1.03), RATE_HZ)
        at = int(start * RATE_HZ)
        out[at : at + len(x)] += x / (np.abs(x).max() + 1e-9) * peak * 10 ** (rng.uniform(-3, 3) / 20)
    return np.clip(out, -1, 1)


def heard(row: FloatArray, yamnet: YamNet) -> list[float]:
    """Return the onsets of claps in a row, in seconds."""
    hops = row.reshape(-1, HOP)
    engine = Engine(load_clapnet(), load_confirmer(), yamnet, DetectionSettings(0.5, 0.05))
    found = [*engine.process(hops, np.zeros(len(hops), np.int64)), *engine.finish()]
    return [f.onset / RATE_HZ for f in found if isinstance(f, Classification)]


def figures(all_rows: list[FloatArray], yamnet: YamNet, log_odds: float, most_alike: int) -> dict[str, int]:
    """Return of how many rows any sound, and of how many two in a row, were taken for claps."""
    with patch.multiple(prior, PRIOR_LOG_ODDS=log_odds, MOST_ALIKE=most_alike):
        onsets = [np.array(heard(row, yamnet)) for row in all_rows]
    doubles = [((gaps := np.diff(o)) >= DOUBLE_S[0]) & (gaps <= DOUBLE_S[1]) for o in onsets]
    return {
        "rows": len(all_rows),
        "with a clap": sum(len(o) > 0 for o in onsets),
        "doubles": sum(bool(d.any()) for d in doubles),
    }


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bursts", description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="a folder with clapnet and confirm.npz")
    parser.add_argument("--note", default="", help="kept in the result")
    args = parser.parse_args()
    os.environ["CLAPTRAP_WEIGHTS_DIR"] = str(args.weights.resolve())
    shared = Path(os.environ.get("CLAPTRAP_SHARED", ROOT.parent / "shared"))
    yamnet = load_yamnet(shared / "models" / "yamnet.tflite")
    alike = [r for r in recordings(shared / "audio") if r.kind == "neg"]
    result: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "note": args.note,
        "weights": {p.name: digest(p) for p in sorted(args.weights.glob("*.npz"))},
    }
    for name, part in PARTS.items():
        made = rows([r for r in alike if r.part == part], seed=7)
        result[name] = {
            "each by itself": figures(made, yamnet, 0.0, 0),
            "a clap expected after a clap": figures(made, yamnet, prior.PRIOR_LOG_ODDS, 0),
            "and a look-alike after look-alikes": figures(made, yamnet, prior.PRIOR_LOG_ODDS, prior.MOST_ALIKE),
        }
        print(name, json.dumps(result[name], indent=1), flush=True)
    path = RESULTS / f"bursts-{result['date']}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
