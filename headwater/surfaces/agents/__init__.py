"""The contract of agents: their data sources (contract: agents-and-accounts)."""
