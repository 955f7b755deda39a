"""How a question about levels over time is answered: the counterpart of the stages above for snapshots."""
