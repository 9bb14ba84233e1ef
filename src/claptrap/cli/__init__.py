"""The terminal's face: one file per command."""
