"""The operator makes accounts, whoever else may."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.cli.place import run
from tests.serving import serving

PASSWORD = "correct horse battery"


async def _log_in(folder: Path, email: str) -> tuple[int, dict[str, object]]:
    async with serving(folder, registration="closed") as server:
        answer = await server.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        return answer.status_code, answer.json()


async def _start(folder: Path) -> None:
    async with serving(folder, registration="closed"):
        pass


def _register(folder: Path, email: str, password: str = PASSWORD) -> tuple[int, str, str]:
    done = run(
        "register",
        email,
        "--company",
        "Nord",
        "--name",
        "Ada",
        "--password-stdin",
        "--data-dir",
        folder,
        stdin=f"{password}\n".encode(),
    )
    return done.code, done.out, done.err


def test_a_server_that_takes_nobody_gets_its_first_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_REGISTRATION", "closed")
    asyncio.run(_start(tmp_path))
    assert _register(tmp_path, "Ada@nord.example") == (
        0,
        "ada@nord.example owns Nord (organisation 1) and can log in.\n",
        "",
    )
    status, body = asyncio.run(_log_in(tmp_path, "ada@nord.example"))
    user = body["user"]
    assert status == 200
    assert isinstance(user, dict)
    assert (user["role"], user["is_verified"]) == ("owner", True)
    assert not (tmp_path / "outbox").exists()


def test_what_breaks_a_rule_is_one_line_and_makes_nothing(tmp_path: Path) -> None:
    asyncio.run(_start(tmp_path))
    for email, password, words in (("ada@nord.example", "short", "at least 12"), ("ada", PASSWORD, "e-mail address")):
        code, out, err = _register(tmp_path, email, password)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert words in err
    assert _register(tmp_path, "ada@nord.example")[0] == 0
    assert "already an account" in _register(tmp_path, "ada@nord.example")[2]


def test_the_password_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    asyncio.run(_start(tmp_path))
    typed = f"{PASSWORD}\n{PASSWORD}\n".encode()
    arguments = ("register", "ada@nord.example", "--company", "Nord", "--name", "Ada", "--data-dir", tmp_path)
    done = run(*arguments, stdin=typed)
    assert (done.code, PASSWORD in done.out + done.err) == (0, False)
