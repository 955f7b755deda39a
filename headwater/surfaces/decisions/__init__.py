"""The decisions contract: offers and what they are made with, what was decided, and what came of it."""
