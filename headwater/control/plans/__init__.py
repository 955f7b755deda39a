"""Plans: what an organisation may use, as rows."""
