"""Samples: frames as received, canonical hops (20 ms at 16 kHz, mono). NumPy, no devices."""
