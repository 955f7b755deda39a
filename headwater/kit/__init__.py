"""Small tools with no domain word in them, each used by at least two packages."""
