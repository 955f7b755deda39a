"""Uploaded files as data that can be asked: tables in a DuckDB file, documents as searchable passages.

Files are of strangers, so they are read in a process of its own, which is bounded in
memory, time and what it writes. Nothing here knows whom they are of.
"""
