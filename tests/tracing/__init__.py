"""Traces: what a span says, what it never says, and that none costs anything where they are off."""
