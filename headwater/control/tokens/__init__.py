"""Credentials: API keys, access tokens, refresh tokens, cookie sessions."""
