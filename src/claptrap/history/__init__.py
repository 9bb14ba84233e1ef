"""Writes it down: what was heard, who must be told of it, and how that went."""
