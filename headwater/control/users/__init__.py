"""People: registration, login, cookie sessions, passwords."""
