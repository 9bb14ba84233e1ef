"""Sends events to receivers: one never delays another."""
