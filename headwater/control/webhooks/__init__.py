"""Webhooks: who is told of what, the outbox of what they are to be told, and the log of what became of it."""
