"""The claps that the built-in tests use too, under the name that the tests know them by."""

from claptrap.audio.claps import GOOD, MADE_HZ, Sound, clap, recording

__all__ = ["GOOD", "MADE_HZ", "Sound", "clap", "recording"]
