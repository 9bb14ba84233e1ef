"""Stores detections, the deliveries of them, and how each delivery went."""
