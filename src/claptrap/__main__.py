"""``claptrap`` and ``python -m claptrap``."""

import os
import sys
import threading
from contextlib import suppress

from claptrap.core.build import version_line


def main() -> None:
    """Run the command line. ``--version`` alone does without what draws help and errors: that takes longer than all else."""
    if sys.argv[1:] == ["--version"]:
        with suppress(OSError):  # what cannot be written is said below, as for every command
            print(version_line(), flush=True)  # noqa: T201  # the terminal is its face
            return
    from claptrap.cli.main import main as commands  # noqa: PLC0415  # see above

    try:
        commands(prog_name="claptrap")
    except SystemExit as ended:
        if ended.code in (None, 0) and any(thread.daemon for thread in threading.enumerate()):
            _end_at_once()
        raise


def _end_at_once() -> None:
    """End this process without taking the interpreter down.

    A source that hangs in a library was abandoned; its thread would come back, for a callback, to an interpreter that is
    gone, which is a segmentation fault (Python/C API manual, "Cautions regarding runtime finalization").
    """
    with suppress(OSError, ValueError):  # nobody reads it any more
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
