"""ClapTrap: hears hand claps on any audio source and tells the world."""

__version__ = "0.1.0"  # as in pyproject.toml (a test compares): importlib.metadata takes longer than all else
