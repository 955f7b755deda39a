"""Mails reach a mail server as its settings say, or a file; what fails is logged without secrets."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from headwater.errors import Unavailable
from headwater.kit.clock import FixedClock
from headwater.mail import Message, provide
from headwater.settings import Settings, SettingsError

from .post_office import PostOffice, open_office, own_certificate

CLOCK = FixedClock(datetime(2025, 5, 3, 12, 30, tzinfo=UTC))
MESSAGE = Message("ada@example.com", "Your token", "secret-token\n")


async def deliver(**settings: Any) -> list[Any]:
    """Send the message and give what was logged."""
    mailer = provide(Settings(**settings), CLOCK)
    with capture_logs() as lines:
        mailer.post(MESSAGE)
        await mailer.settle()
    return lines


def through(office: PostOffice, **more: Any) -> dict[str, Any]:
    return {"smtp_host": "127.0.0.1", "smtp_port": office.port, "smtp_security": "none", **more}


class TestServer:
    async def test_a_mail_arrives_as_it_was_written(self) -> None:
        async with open_office() as office:
            assert await deliver(**through(office, mail_from="Headwater <hw@example.com>")) == []
        (mail,), (envelope,) = office.mails, office.envelopes
        assert (envelope.mail_from, envelope.rcpt_tos) == ("hw@example.com", ["ada@example.com"])
        assert (mail["To"], mail["Subject"], mail.get_content()) == (
            "ada@example.com",
            "Your token",
            "secret-token\r\n",
        )

    async def test_it_logs_in_where_there_is_a_name(self) -> None:
        async with open_office(auth_required=True, auth_require_tls=False) as office:
            lines = await deliver(**through(office, smtp_username="hw", smtp_password="right"))
        assert (lines, office.logins, len(office.mails)) == ([], [(b"hw", b"right")], 1)

    async def test_what_is_refused_is_logged_without_what_is_secret(self) -> None:
        async with open_office(auth_required=True, auth_require_tls=False) as office:
            lines = await deliver(**through(office, smtp_username="hw", smtp_password="wrong-password"))
            office.refusal = "554 no"
            lines += await deliver(**through(office, smtp_username="hw", smtp_password="right"))
        assert [(line["event"], line["subject"]) for line in lines] == [("mail.not_sent", "Your token")] * 2
        assert not any(secret in str(lines) for secret in ("wrong-password", "secret-token", "ada@example.com"))

    async def test_a_server_without_tls_gets_nothing_unless_that_is_wanted(self) -> None:
        async with open_office() as office:
            for security in ("starttls", "tls"):
                lines = await deliver(**through(office, smtp_security=security, smtp_timeout=2.0))
                assert [line["event"] for line in lines] == ["mail.not_sent"]
        assert office.mails == []

    async def test_tls_is_used_and_its_certificate_is_checked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        certificate = own_certificate(tmp_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        async with open_office(tls_context=context, require_starttls=True) as office:
            lines = await deliver(**through(office, smtp_security="starttls"))
            assert [line["event"] for line in lines] == ["mail.not_sent"]
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            assert await deliver(**through(office, smtp_security="starttls")) == []
        assert len(office.mails) == 1

    async def test_a_server_that_is_not_there_is_logged(self) -> None:
        async with open_office() as office:
            pass
        assert [line["event"] for line in await deliver(**through(office))] == ["mail.not_sent"]


class TestFolder:
    async def test_a_mail_becomes_a_file_whose_path_is_logged(self, tmp_path: Path) -> None:
        lines = await deliver(data_dir=str(tmp_path))
        (path,) = (tmp_path / "outbox").iterdir()
        assert [(line["event"], line["path"]) for line in lines] == [("mail.written", str(path))]
        assert "secret-token" not in str(lines)
        assert path.name.startswith("20250503T123000-")
        mail = message_from_bytes(path.read_bytes(), policy=default)
        assert (mail["To"], mail["Subject"]) == ("ada@example.com", "Your token")

    async def test_only_the_server_s_user_may_read_it(self, tmp_path: Path) -> None:
        await deliver(data_dir=str(tmp_path))
        folder = tmp_path / "outbox"
        assert [stat.S_IMODE(one.stat().st_mode) for one in (folder, *folder.iterdir())] == [0o700, 0o600]

    async def test_a_folder_that_cannot_be_written_is_logged(self, tmp_path: Path) -> None:
        (tmp_path / "outbox").write_text("a file")
        assert [line["event"] for line in await deliver(data_dir=str(tmp_path))] == ["mail.not_sent"]


class TestBackground:
    async def test_nothing_is_sent_where_there_is_nothing_to_send(self, tmp_path: Path) -> None:
        async def nothing() -> None:
            return None

        async def something() -> Message:
            return MESSAGE

        async def broken() -> Message:
            raise Unavailable("Busy.")

        mailer = provide(Settings(data_dir=str(tmp_path)), CLOCK)
        with capture_logs() as lines:
            for made in (nothing(), something(), broken()):
                mailer.post_when(made)
            await mailer.settle()
        assert sorted(line["event"] for line in lines) == ["mail.not_sent", "mail.written"]
        assert len(list((tmp_path / "outbox").iterdir())) == 1


def test_an_origin_that_is_no_address_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="mail_from"):
        provide(Settings(mail_from="nobody"), CLOCK)
