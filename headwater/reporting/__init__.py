"""Saved reports, run: as a table, as a file, and by mail when their schedules say so.

Who asks, and whether they may, comes with the scope.
"""
