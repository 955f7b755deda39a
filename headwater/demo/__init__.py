"""Invented, seeded data that makes a fresh server worth looking at: ninety days that end today."""
