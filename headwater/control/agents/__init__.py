"""Agents that people set up, what they were asked, and conversations with them. Answers no question itself."""
