"""What belongs to the server itself: its health and the description of its API."""
