"""Agents: data sources, agents, chat and deployments (contract: agents-and-accounts)."""
