"""Work that runs by itself: when, how often, and by which of several processes. What is done is others' affair."""
