"""Pages on which agents are made, tried, let out and looked after, and data sources are read."""
