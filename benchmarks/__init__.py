"""Measurements that anyone can repeat: this server beside its floors, in one run on one machine.

``python -m benchmarks --events 10000000``; ``--only creators`` asks about those alone.
Quote ratios: both sides of each were measured in turn within the run. Nothing here passes
or fails by the clock.
"""
