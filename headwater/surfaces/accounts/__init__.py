"""The accounts contract, as far as it goes now: register, log in, who am I, API keys."""
