"""``python -m claptrap``."""

from claptrap.cli.main import main

main(prog_name="claptrap")
