"""Keeps it all alive: one runner a source, one tick for all, one judge, fan-out."""
