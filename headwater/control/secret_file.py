"""The file of the server's own secrets: made once, private, replaced whole, never shown.

Who replaces it holds the database's one write transaction, so that two never do at once.
"""

from __future__ import annotations

import os
import secrets
import stat
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from headwater.settings import SettingsError

FILE_NAME: Final = "secrets.json"
RANDOM_BYTES: Final = 32

Stamp = tuple[int, int, int]
"""Which file it is, when it was written and how long it is: another one has another stamp."""


class EarlierSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret that nothing is signed with any more; what it signed is good until ``until``."""

    secret: bytes
    until: datetime

    def __repr__(self) -> str:
        return "EarlierSecret(…)"


class Secrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in the file; the first of ``keys`` encrypts, the others only decrypt until a rotation ends."""

    jwt_secret: bytes
    pepper: bytes
    idempotency_key: bytes
    keys: tuple[bytes, ...] = ()
    earlier_jwt_secrets: tuple[EarlierSecret, ...] = ()

    def __repr__(self) -> str:
        return "Secrets(…)"

    @property
    def ring(self) -> tuple[bytes, ...]:
        """The keys; a file of before there were any has one that follows from what it holds."""
        return self.keys or (derived(self.idempotency_key, "key ring"),)


def derived(secret: bytes, info: str) -> bytes:
    """A key for one use of ``secret``."""
    return HKDF(SHA256(), RANDOM_BYTES, salt=None, info=info.encode("utf-8", "surrogatepass")).derive(secret)


def fresh_secret() -> bytes:
    """One that nobody knows."""
    return secrets.token_bytes(RANDOM_BYTES)


def read(path: Path) -> tuple[Secrets, Stamp]:
    """The secrets, or new ones, and their stamp; whichever process is first makes them for all."""
    try:
        if not path.exists():
            _create(path)
    except FileNotFoundError:
        raise SettingsError(f"Settings: secrets_file: there is no folder {path.parent}; make it first.") from None
    _keep_private(path)
    # Looked at first: a file that takes this one's place meanwhile has another stamp, and is read next time.
    seen = stamp(path)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Secrets), seen
    except msgspec.MsgspecError:
        raise SettingsError(
            f"{path} is damaged. Restore it from a backup: without it no API key and no session is known."
        ) from None


def _keep_private(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & 0o077:
        return
    try:
        path.chmod(0o600)
    except OSError:
        # A volume that somebody else made, which a group may read.
        if mode & 0o007:
            raise SettingsError(f"{path} may be read by everybody, and its mode cannot be changed.") from None


def stamp(path: Path) -> Stamp:
    """The file's stamp now."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def replace(path: Path, changed: Secrets) -> None:
    """Put ``changed`` in the file's place, durably: readers see the old one or the new one, whole."""
    draft = _draft(path, changed)
    try:
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _create(path: Path) -> None:
    """Write the file under another name and link it: no reader ever sees half of it, and the first one stays."""
    draft = _draft(path, Secrets(fresh_secret(), fresh_secret(), fresh_secret(), (fresh_secret(),)))
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _draft(path: Path, content: Secrets) -> Path:
    draft = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(content))
        file.flush()
        os.fsync(file.fileno())
    return draft
