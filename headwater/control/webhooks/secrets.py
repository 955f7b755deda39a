"""The secrets that webhooks are signed with, in the form that Standard Webhooks gives them: ``whsec_`` and base64.

They must be stored in clear, since a signature is made with the secret itself; at rest
they are sealed. Receivers change over at their leisure: after a new secret was made,
the former one signs beside it for a day.
"""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.db import surroundings
from headwater.control.sealed import seal, unseal
from headwater.control.webhooks.models import Webhook
from headwater.errors import InternalError

PREFIX: Final = "whsec_"
BOTH_SIGN_FOR: Final = timedelta(hours=24)
_RANDOM_BYTES: Final = 32


def new_signing_secret() -> str:
    """A new one."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_RANDOM_BYTES)).decode("ascii")


def sealed(session: AsyncSession, secret: str) -> bytes:
    """A secret as it may be stored."""
    return seal(session, Webhook.secret, secret)


def roll(session: AsyncSession, webhook: Webhook) -> str:
    """Give a webhook a new secret, which is answered; the one of before signs too for a day."""
    secret = new_signing_secret()
    # A value opens in its own column only.
    webhook.former_secret = seal(session, Webhook.former_secret, unseal(session, Webhook.secret, webhook.secret))
    webhook.former_until = surroundings(session).clock() + BOTH_SIGN_FOR
    webhook.secret = sealed(session, secret)
    return secret


def signing(session: AsyncSession, webhook: Webhook) -> tuple[str, ...]:
    """What to sign with now, newest first; empty where the server's own secrets do not open it any more."""
    now = surroundings(session).clock()
    try:
        found = [unseal(session, Webhook.secret, webhook.secret)]
        if webhook.former_secret is not None and webhook.former_until is not None and now < webhook.former_until:
            found.append(unseal(session, Webhook.former_secret, webhook.former_secret))
    except InternalError:
        return ()
    return tuple(found)
