"""The pages on which people manage their account and their organisation."""
