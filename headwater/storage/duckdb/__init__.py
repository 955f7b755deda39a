"""The embedded fact store: DuckDB in process, one writer and concurrent readers."""
