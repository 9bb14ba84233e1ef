"""Tells the world: one receiver never delays another."""
