"""Offers, channels, creatives, segments and the other entities that decisions are made of."""
