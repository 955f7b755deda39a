"""Where facts lie: a port that engines implement, and the tables derived from the catalogue."""
