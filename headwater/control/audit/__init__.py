"""The append-only log of security events."""
