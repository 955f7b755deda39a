"""Saved reports that go out by mail again and again: when, to whom, and the mails that wait to be sent."""
