"""Agents that a language model answers for: which model, what it is told, and what of its answer is let through.

The model reaches data through ``tools`` only. What it says is held against what it read.
"""
