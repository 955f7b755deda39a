"""Headwater: one self-hosted server for marketing measurement."""

from importlib.metadata import version

__version__ = version("headwater")
