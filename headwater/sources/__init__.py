"""Data that others keep: their databases, files and APIs, read and never written.

Speaks to foreign engines and judges foreign SQL. Knows no tenant, no user and no
stored row of the control plane; who may read which source is said elsewhere.
"""
