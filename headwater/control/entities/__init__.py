"""Workspaces, campaigns, creative groups, creatives and components."""
