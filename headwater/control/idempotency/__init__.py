"""Answers that are given again to a repeated request."""
