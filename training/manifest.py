"""The list of the recordings that were learnt from: ``python -m training.manifest RECORDINGS`` writes ``manifest.csv``.

With it the folder of recordings can be gathered again: each row names the public repository and path that a file came from,
the licence stated there (or that none is), and the SHA-256 of the file as it was used (16 kHz mono FLAC).
"""

from __future__ import annotations

import csv
import hashlib
import sys
from pathlib import Path

MANIFEST = Path(__file__).parent / "manifest.csv"


def main(folder: Path) -> None:
    """Write the manifest of ``folder``, from its ``provenance.csv``."""
    with (folder / "provenance.csv").open(newline="") as file, MANIFEST.open("w", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(("file", "repository", "path", "licence", "sha256"))
        for row in sorted(csv.DictReader(file), key=lambda r: r["file"]):
            path = folder / row["file"]
            if path.exists():
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                rows.writerow((row["file"], row["repository"], row["path"], row["licence"], digest))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
