"""The ad-creatives contract: ``/api/v2`` (tree, resources, reports, tokens) and ``/v2`` (analytics, login)."""
