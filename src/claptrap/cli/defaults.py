"""Where things are unless said otherwise."""

from __future__ import annotations

import platformdirs

HOST = "127.0.0.1"
PORT = 16045
DATA_DIR = platformdirs.user_data_path("claptrap", appauthor=False)
