"""Alembic's folder: the steps that made the control plane's tables what they are."""
