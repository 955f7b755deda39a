"""The verbs of ``tools`` for clients of the Model Context Protocol, with words around them.

All tools only read, with the caller's scope. Knows no HTTP route; the official SDK speaks the protocol.
"""
