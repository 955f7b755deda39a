"""The built-in analyst: reads a question in words and answers it with figures, without a model or a network.

It knows the metric catalogue's and a schema's vocabulary and nothing else. A word that it
cannot place and that could change the meaning makes it ask; it never guesses a number. Data
reaches it through ``tools`` only.
"""
