"""The server's own secrets: made once, kept in one file that only its owner may read.

``Vault`` hands out what is computed from them, never the secrets themselves (but for
the key that signs access tokens). Nothing of them is logged or shown by ``repr``.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from base64 import urlsafe_b64encode
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from headwater.errors import InternalError
from headwater.settings import SettingsError

_FILE_NAME = "secrets.json"
_RANDOM_BYTES = 32


class _Secrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    jwt_secret: bytes
    pepper: bytes
    idempotency_key: bytes

    def __repr__(self) -> str:
        return "_Secrets(…)"


class Vault:
    """Keyed hashes and keys, from the secrets in ``folder``; ``open`` first."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE_NAME
        self._secrets: _Secrets | None = None

    def open(self) -> None:
        """Read the secrets, or make them; whichever process is first makes them for all."""
        if not self._path.exists():
            _create(self._path)
        if stat.S_IMODE(self._path.stat().st_mode) != 0o600:
            self._path.chmod(0o600)
        try:
            self._secrets = msgspec.json.decode(self._path.read_bytes(), type=_Secrets)
        except msgspec.MsgspecError:
            raise SettingsError(
                f"{self._path} is damaged. Restore it from a backup: without it no API key and no session is known."
            ) from None

    @property
    def jwt_secret(self) -> bytes:
        """The key that signs access tokens."""
        return self._opened.jwt_secret

    def keyed_hash(self, purpose: str, value: str) -> str:
        """HMAC-SHA-256 of ``value``, in hexadecimal; equal values of two purposes differ."""
        message = f"{purpose}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.new(self._opened.pepper, message, hashlib.sha256).hexdigest()

    def cipher(self, owner: str, phrase: str) -> Fernet:
        """A cipher whose key needs both the server's secret and ``phrase``, which is not stored."""
        material = self._opened.idempotency_key + phrase.encode("utf-8", "surrogatepass")
        derived = HKDF(SHA256(), _RANDOM_BYTES, salt=None, info=owner.encode("utf-8", "surrogatepass")).derive(material)
        return Fernet(urlsafe_b64encode(derived))

    @property
    def _opened(self) -> _Secrets:
        if self._secrets is None:
            raise InternalError("The control plane has not been started.")
        return self._secrets


def _create(path: Path) -> None:
    """Write the file under another name and link it: no reader ever sees half of it, and the first one stays."""
    fresh = _Secrets(*(secrets.token_bytes(_RANDOM_BYTES) for _ in _Secrets.__struct_fields__))
    draft = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(fresh))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
