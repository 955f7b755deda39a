"""Agents at work: a question goes to the built-in analyst or to a model, is paid for, and is kept.

Data reaches them through ``tools`` only, with the rights of whoever asks.
"""
