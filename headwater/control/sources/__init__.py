"""Data sources of organisations: how each is connected to, and how it fares."""
