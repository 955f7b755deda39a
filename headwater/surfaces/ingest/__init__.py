"""The ingest contract: facts in, whatever their format."""
