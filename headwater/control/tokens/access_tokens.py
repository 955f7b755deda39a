"""Access tokens: short-lived JWTs that say who, never what they may; that is looked up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import msgspec

from headwater.control.secrets import Vault
from headwater.kit.clock import Clock

_ALGORITHM = "HS256"
_TYPE = "access"


class Claims(msgspec.Struct, frozen=True):
    """What an access token says."""

    user_id: int
    organisation_id: int
    credentials_version: int
    expires_at: datetime


class _Payload(msgspec.Struct, frozen=True):
    sub: str
    org: int
    typ: str
    iat: int
    exp: int
    ver: int = 0


class AccessTokens:
    """Makes access tokens and reads them back."""

    def __init__(self, vault: Vault, clock: Clock, minutes: int) -> None:
        self._vault = vault
        self._clock = clock
        self._life = timedelta(minutes=minutes)

    def issue(self, user_id: int, organisation_id: int, credentials_version: int) -> str:
        """A token for this user, good from now on, as long as the user has this version."""
        now = self._clock()
        claims = _Payload(
            sub=str(user_id),
            org=organisation_id,
            typ=_TYPE,
            iat=int(now.timestamp()),
            exp=int((now + self._life).timestamp()),
            ver=credentials_version,
        )
        return jwt.encode(msgspec.to_builtins(claims), self._vault.jwt_secret, algorithm=_ALGORITHM)

    def read(self, token: str) -> Claims | None:
        """The claims of a token that this server signed and that has not expired."""
        now = self._clock()
        for secret in self._vault.jwt_secrets(now):
            found = _read(token, secret)
            if found is not None:
                return found if found.expires_at > now else None
        return None


def _read(token: str, secret: bytes) -> Claims | None:
    try:
        # Expiry is checked against this server's clock rather than the library's.
        decoded = jwt.decode(token, secret, algorithms=[_ALGORITHM], options={"verify_exp": False, "verify_iat": False})
        claims = msgspec.convert(decoded, _Payload)
        user_id = int(claims.sub)
        expires_at = datetime.fromtimestamp(claims.exp, UTC)
    except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError, OverflowError):
        return None
    return Claims(user_id, claims.org, claims.ver, expires_at) if claims.typ == _TYPE else None
