"""Runs detection: one runner per source, one onset thread and one classifier thread for all, a hub for news."""
