"""Platforms on which people talk to agents: what they send, how it is signed, and how an answer is sent back. Pure.

Each module keeps to its platform's documentation. Sends nothing itself, and knows no agent and no stored row.
"""
