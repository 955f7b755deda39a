"""The secrets file: made once, private, and nothing of it shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import InvalidToken

from headwater.control.secrets import Vault
from headwater.errors import InternalError
from headwater.settings import SettingsError


def _opened(folder: Path) -> Vault:
    vault = Vault(folder / "secrets.json")
    vault.open()
    return vault


def test_the_file_is_private_and_made_once(tmp_path: Path) -> None:
    first = _opened(tmp_path)
    path = tmp_path / "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert _opened(tmp_path).jwt_secret == first.jwt_secret
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["secrets.json"]


def test_a_mode_that_lets_others_read_is_mended(tmp_path: Path) -> None:
    _opened(tmp_path)
    path = tmp_path / "secrets.json"
    path.chmod(0o644)
    _opened(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_another_process_made_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _opened(tmp_path)
    monkeypatch.setattr(Path, "exists", lambda self: False)
    assert _opened(tmp_path).jwt_secret == first.jwt_secret


@pytest.mark.parametrize("content", [b"", b"{}", b'{"jwt_secret": 1}'])
def test_a_damaged_file_stops_the_start_and_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secrets.json"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="damaged"):
        _opened(tmp_path)
    assert path.read_bytes() == content


def test_hashes_depend_on_server_purpose_and_value(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    here, elsewhere = map(_opened, folders)
    hashes = {
        here.keyed_hash("session", "x"),
        here.keyed_hash("csrf", "x"),
        here.keyed_hash("session", "y"),
        elsewhere.keyed_hash("session", "x"),
    }
    assert len(hashes) == 4
    assert here.keyed_hash("session", "x") in hashes


def test_what_is_encrypted_needs_the_phrase_and_the_owner(tmp_path: Path) -> None:
    vault = _opened(tmp_path)
    token = vault.cipher("1", "phrase").encrypt(b"secret")
    assert vault.cipher("1", "phrase").decrypt(token) == b"secret"
    for owner, phrase in (("1", "other"), ("2", "phrase")):
        with pytest.raises(InvalidToken):
            vault.cipher(owner, phrase).decrypt(token)


def test_nothing_is_shown_and_nothing_works_before_the_start(tmp_path: Path) -> None:
    vault = _opened(tmp_path)
    assert vault.jwt_secret.hex() not in repr(vars(vault))
    assert repr(vars(vault)["_secrets"]) == "Secrets(…)"
    with pytest.raises(InternalError):
        Vault(tmp_path / "secrets.json").keyed_hash("session", "x")
