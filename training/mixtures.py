"""How much the early head, the late head and the embedded model count together, and what a low score means."""

from __future__ import annotations

EARLY_MIX, LATE_MIX = (1.0, 0.0, 0.0), (1.0, 0.3, 0.0)  # what did best on people whom no head has learnt (see README)
FEW, FEW_FA = 0.1, 80.0  # a score of 0.1 is where so many look-alikes an hour would be taken for claps
