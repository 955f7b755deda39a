"""What processes agree on about work that runs by itself: who does it now, and what is asked for."""
