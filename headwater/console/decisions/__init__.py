"""Pages about offers: what came of them and where, what was spent, how often each is selected, what is unusual."""
