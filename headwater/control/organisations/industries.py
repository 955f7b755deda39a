"""The industries that a company may choose from."""

from __future__ import annotations

from typing import Final

INDUSTRIES: Final = (
    "Technology",
    "Healthcare",
    "Finance",
    "Advertising",
    "Agriculture",
    "Automotive",
    "Consumer goods",
    "E-commerce",
    "Education",
    "Energy",
    "Entertainment",
    "Food and beverage",
    "Gaming",
    "Government",
    "Hospitality",
    "Insurance",
    "Legal",
    "Logistics",
    "Manufacturing",
    "Media",
    "Non-profit",
    "Pharmaceuticals",
    "Professional services",
    "Real estate",
    "Retail",
    "Sports",
    "Telecommunications",
    "Travel",
    "Other",
)
