"""ClapTrap: hears hand claps on any audio source and tells the world."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("claptrap")
except PackageNotFoundError:  # run from a tree that was never installed
    __version__ = "0.0.0"
