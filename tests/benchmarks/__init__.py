"""The capacity model and its simulation, at sizes that take moments."""
