"""``claptrap`` and ``python -m claptrap``."""

import sys
from contextlib import suppress

from claptrap.core.build import version_line


def main() -> None:
    """Run the command line. ``--version`` alone does without what draws help and errors: that takes longer than all else."""
    if sys.argv[1:] == ["--version"]:
        with suppress(OSError):  # what cannot be written is said below, as for every command
            print(version_line(), flush=True)  # noqa: T201  # the terminal is its face
            return
    from claptrap.cli.main import main as commands  # noqa: PLC0415  # see above

    commands(prog_name="claptrap")


if __name__ == "__main__":
    main()
