"""Carries what waits in the control plane's outbox to its receivers. What waits, and for whom, is not decided here."""
