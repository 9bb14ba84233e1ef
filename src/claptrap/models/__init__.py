"""Model files: where they are, and whether they are the right ones."""
