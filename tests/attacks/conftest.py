"""A company with one of everything, to be attacked."""

from tests.promises.conftest import ids

__all__ = ["ids"]
