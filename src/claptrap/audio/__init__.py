"""Samples: frames as they come, canonical hops as they are heard. NumPy, no devices."""
