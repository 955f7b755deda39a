"""Projects, creators, videos and campaigns of creators: the rows that people and importers edit."""
