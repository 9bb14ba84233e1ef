"""The command line; one file per command."""

import os

# Hearing multiplies many small matrices. NumPy's libraries would share each with helper threads, which wait for the next one
# in a busy loop: 40 % of a core in a sample (64 streams), no gain (`benchmarks.load`). Said before NumPy is loaded.
for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_name, "1")

COMMANDS = ("serve", "node", "detect", "devices", "doctor", "mediamtx", "models", "profile", "settings", "password", "token")
"""Each is the command of that name in the module of that name here."""
