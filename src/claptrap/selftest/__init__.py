"""The built-in tests of ``serve --dev``: on folders and receivers of their own, never on a person's settings."""
