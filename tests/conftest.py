"""What holds for every test: generated examples have no time limit of their own, since machines differ."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("headwater", deadline=None)
settings.load_profile("headwater")
