"""Annotations: marks on the time axis of creators' figures, made by people or by the server."""
