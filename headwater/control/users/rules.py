"""What an e-mail address and a password must be like."""

from __future__ import annotations

import re
from typing import Final

from headwater.control.rules import text
from headwater.errors import InvalidRequest

_LONGEST_EMAIL: Final = 254
_SHORTEST_PASSWORD: Final = 12
_LONGEST_PASSWORD: Final = 1024


def normal_email(email: str) -> str:
    """The form in which addresses are compared.

    >>> normal_email(" Ada@Example.COM ")
    'ada@example.com'
    """
    return email.strip().lower()


def checked_email(email: str) -> str:
    """A new user's address, in its normal form."""
    email = text(normal_email(email), "email", longest=_LONGEST_EMAIL)
    if not re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*", email):
        raise InvalidRequest("'email' must be an e-mail address such as ada@example.com.", field="email")
    return email


def checked_password(password: str) -> str:
    """A new password; the message names the rule that it breaks."""
    if len(password) < _SHORTEST_PASSWORD:
        raise InvalidRequest(
            f"'password' must have at least {_SHORTEST_PASSWORD} characters; it has {len(password)}.",
            field="password",
            rule="min_length",
        )
    if len(password) > _LONGEST_PASSWORD:
        raise InvalidRequest(
            f"'password' must have at most {_LONGEST_PASSWORD} characters.", field="password", rule="max_length"
        )
    return password
