"""Saved views of the analytics."""
