"""Try the libraries whose machine code may be too new for this processor. Run in a process of its own, for it may be killed.

``python -m claptrap.doctor.library_check [YAMNET]`` says each stage once it is passed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from claptrap.models.catalogue import has_yamnet_runtime

STAGES = ("numpy", "litert", "yamnet")


def main() -> None:
    """Import NumPy, then LiteRT; then hear with YAMNet, if its file is given."""
    import numpy as np  # noqa: PLC0415  # the import is the trial

    print(STAGES[0], flush=True)  # noqa: T201  # what the parent reads
    if not has_yamnet_runtime():
        return
    from claptrap.detect.yamnet import SAMPLES, interpreter_class, load_yamnet  # noqa: PLC0415  # likewise

    interpreter_class()
    print(STAGES[1], flush=True)  # noqa: T201  # likewise
    if len(sys.argv) > 1:
        load_yamnet(Path(sys.argv[1])).run(np.zeros(SAMPLES, np.float32))
        print(STAGES[2], flush=True)  # noqa: T201  # likewise


if __name__ == "__main__":
    main()
