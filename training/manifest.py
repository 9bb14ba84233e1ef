"""The list of the recordings that were learnt from: ``python -m training.manifest RECORDINGS`` writes ``manifest.csv``.

With it the folder of recordings can be gathered again: each row names the public repository and path that a file came from,
the licence stated there (or that none is), and the SHA-256 of the file as it was used (16 kHz mono FLAC). Where the folder's
``provenance.csv`` has no row for a file, the manifest says so, and does not guess.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from pathlib import Path

KINDS = ("applause", "claps", "music", "neg", "speech")
UNKNOWN = "not recorded"
MANIFEST = Path(__file__).parent / "manifest.csv"


def main(folder: Path) -> None:
    """Write the manifest of ``folder``, from its ``provenance.csv``."""
    with (folder / "provenance.csv").open(newline="") as file:
        origins = {row["file"]: (row["repository"], row["path"], row["licence"]) for row in csv.DictReader(file)}
    with MANIFEST.open("w", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(("file", "repository", "path", "licence", "sha256"))
        for name in sorted(f"{kind}/{path.name}" for kind in KINDS for path in (folder / kind).glob("*.flac")):
            digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            rows.writerow((name, *origins.get(name, (UNKNOWN,) * 3), digest))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
