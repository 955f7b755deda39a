"""What is computed from the server's own secrets: keyed hashes, signatures, encrypted values.

``Vault`` hands out what is computed from them, never the secrets themselves (but for
those that sign access tokens). Nothing of them is logged or shown by ``repr``. Another
process may replace the file meanwhile; that is noticed before anything is signed,
checked, encrypted or decrypted.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from headwater.control import secret_file
from headwater.control.secret_file import EarlierSecret, Secrets, Stamp, derived, fresh_secret
from headwater.errors import InternalError


class Vault:
    """Keyed hashes, signing secrets and ciphers, from the secrets in the file ``path``; ``open`` first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._secrets: Secrets | None = None
        self._stamp: Stamp | None = None
        # Whose keys may have left the file: a row that was read before a rotation ended is decrypted after it.
        self._earlier: list[Secrets] = []

    def open(self) -> None:
        """Read the secrets, or make them; whichever process is first makes them for all."""
        found, stamp = secret_file.read(self._path)
        if self._secrets is not None and self._secrets != found:
            self._earlier.append(self._secrets)
        self._secrets, self._stamp = found, stamp

    def reload(self) -> None:
        """Read the file again, though nothing says that it is another one; while there is none, all stays as it was."""
        with suppress(FileNotFoundError):
            secret_file.stamp(self._path)
            self.open()

    @property
    def jwt_secret(self) -> bytes:
        """The key that signs access tokens."""
        return self._current().jwt_secret

    def jwt_secrets(self, now: datetime) -> list[bytes]:
        """The keys whose access tokens are good: the one that signs, and those of before while theirs may live."""
        current = self._current()
        return [current.jwt_secret, *(one.secret for one in current.earlier_jwt_secrets if one.until > now)]

    def keyed_hash(self, purpose: str, value: str) -> str:
        """HMAC-SHA-256 of ``value``, in hexadecimal; equal values of two purposes differ."""
        message = f"{purpose}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.new(self._opened.pepper, message, hashlib.sha256).hexdigest()

    def cipher(self, owner: str, phrase: str) -> Fernet:
        """A cipher whose key needs both the server's secret and ``phrase``, which is not stored."""
        material = self._opened.idempotency_key + phrase.encode("utf-8", "surrogatepass")
        return Fernet(urlsafe_b64encode(derived(material, owner)))

    def seal(self, purpose: str, value: bytes) -> bytes:
        """``value``, encrypted and signed for ``purpose``: sealed for one, it does not open for another."""
        return _cipher(self._current().ring[0], purpose).encrypt(value)

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """What was sealed; ``InternalError`` when it was not by this server or for this purpose."""
        known = [self._current(), *self._earlier]
        keys = dict.fromkeys(key for one in known for key in one.ring)
        try:
            return MultiFernet([_cipher(key, purpose) for key in keys]).decrypt(sealed)
        except InvalidToken:
            raise InternalError("A stored secret cannot be decrypted; it is of another secrets.json.") from None

    def opens(self, purpose: str, sealed: bytes) -> bool:
        """Whether the file as this process has it opens this; keys that have left the file do not count."""
        try:
            MultiFernet([_cipher(key, purpose) for key in self._current().ring]).decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def is_current(self, purpose: str, sealed: bytes) -> bool:
        """Whether the key that encrypts now has sealed this."""
        try:
            _cipher(self._current().ring[0], purpose).decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def begin_rotation(self, tokens_until: datetime | None, now: datetime) -> None:
        """Encrypt and sign with new secrets from now on; tokens of before are good until ``tokens_until``, or no more.

        Who calls this and ``end_rotation`` holds the database's write transaction.
        """
        current = self._current()
        earlier: tuple[EarlierSecret, ...] = ()
        if tokens_until is not None:
            still_good = tuple(one for one in current.earlier_jwt_secrets if one.until > now)
            earlier = (EarlierSecret(current.jwt_secret, tokens_until), *still_good)
        self._replace(
            msgspec.structs.replace(
                current,
                jwt_secret=fresh_secret(),
                keys=(fresh_secret(), *current.ring),
                earlier_jwt_secrets=earlier,
            )
        )

    def end_rotation(self) -> None:
        """Forget the keys of before; nothing that is stored may need them any more."""
        current = self._current()
        self._replace(msgspec.structs.replace(current, keys=current.ring[:1]))

    def _replace(self, changed: Secrets) -> None:
        secret_file.replace(self._path, changed)
        self.open()

    def _current(self) -> Secrets:
        """The secrets as the file has them now; while there is none, as it had them."""
        with suppress(FileNotFoundError):
            if self._secrets is not None and secret_file.stamp(self._path) != self._stamp:
                self.open()
        return self._opened

    @property
    def _opened(self) -> Secrets:
        if self._secrets is None:
            raise InternalError("The control plane has not been started.")
        return self._secrets


def _cipher(key: bytes, purpose: str) -> Fernet:
    return Fernet(urlsafe_b64encode(derived(key, f"sealed\0{purpose}")))
