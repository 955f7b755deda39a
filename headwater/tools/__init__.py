"""The few verbs by which agents, MCP clients and the analyst reach data, with the caller's scope and limits.

They hold no prompt, no model and no transport; nothing else gives an agent data.
"""
