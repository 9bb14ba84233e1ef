"""Hearing on more than one machine: the server and its nodes, over NATS JetStream. Only this package knows NATS."""
