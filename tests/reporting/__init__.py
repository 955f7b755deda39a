"""Saved reports, run and mailed."""
