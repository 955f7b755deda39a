"""Outlets: the places of a company where it meets its customers."""
