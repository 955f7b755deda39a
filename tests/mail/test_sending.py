"""Mails reach a mail server as its settings say, or a file; what fails is logged without secrets."""

from __future__ import annotations

import asyncio
import ssl
import stat
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from headwater.errors import Unavailable
from headwater.kit.clock import FixedClock
from headwater.mail import Mailer, Message, NotSent, provide
from headwater.mail.senders import SmtpSender
from headwater.settings import Settings, SettingsError
from tests.certificates import own_certificate

from .post_office import PostOffice, open_office

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

    async def test_files_of_long_ago_are_removed_and_nothing_else(self, tmp_path: Path) -> None:
        await deliver(data_dir=str(tmp_path))
        outbox = tmp_path / "outbox"
        (written,) = outbox.iterdir()
        others = ["20250402T123000-0123abcd.eml", "20250402T123000-0123abcd.part", "notes.txt", "20250402.eml"]
        for other in others:
            (outbox / other).touch()
        mailer = provide(Settings(data_dir=str(tmp_path)), CLOCK)
        await mailer.forget(CLOCK() - timedelta(days=30))
        assert {one.name for one in outbox.iterdir()} == {written.name, "notes.txt", "20250402.eml"}
        await mailer.forget(CLOCK() + timedelta(seconds=1))
        assert {one.name for one in outbox.iterdir()} == {"notes.txt", "20250402.eml"}

    async def test_where_nothing_was_written_nothing_is_removed(self, tmp_path: Path) -> None:
        await provide(Settings(data_dir=str(tmp_path)), CLOCK).forget(CLOCK())


class TestAgain:
    """What a mail server did not take is sent again for a while, from memory."""

    @staticmethod
    def mailer(office: PostOffice, *retries: float) -> Mailer:
        settings = Settings(**through(office, mail_from="hw@example.com"))
        return Mailer(SmtpSender(settings), settings.mail_from, CLOCK, retries=retries)

    async def test_a_server_that_is_busy_is_asked_again(self) -> None:
        async with open_office() as office:
            office.busy = 2
            mailer = self.mailer(office, 0.01, 0.01, 0.01)
            with capture_logs() as lines:
                mailer.post(MESSAGE)
                for _ in range(3):
                    await office.visits.get()
                await mailer.settle()
        assert [line["event"] for line in lines] == ["mail.put_off"] * 2
        assert not any(secret in str(lines) for secret in ("secret-token", "ada@example.com"))
        assert len(office.mails) == 1

    async def test_after_some_attempts_it_is_given_up(self) -> None:
        async with open_office() as office:
            office.busy = 9
            mailer = self.mailer(office, 0.01, 0.01)
            with capture_logs() as lines:
                mailer.post(MESSAGE)
                for _ in range(3):
                    await office.visits.get()
                await mailer.settle()
        assert [line["event"] for line in lines] == ["mail.put_off", "mail.put_off", "mail.not_sent"]
        assert office.busy == 6

    @pytest.mark.parametrize(("answer", "final"), [("451 later", False), ("554 no", True)])
    async def test_what_is_refused_for_good_is_not_tried_again(self, answer: str, final: bool) -> None:
        async with open_office() as office:
            office.refusal = answer
            mailer = self.mailer(office, 3600.0)
            with pytest.raises(NotSent) as refused:
                await mailer.deliver(MESSAGE)
            assert refused.value.final is final
            mailer.post(MESSAGE)
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for _ in range(2):
                await office.visits.get()
            if final:
                await asyncio.wait(others, return_when=asyncio.ALL_COMPLETED)
            await mailer.settle()
        assert office.visits.empty()

    async def test_a_server_that_ends_does_not_wait_for_it(self) -> None:
        async with open_office() as office:
            office.busy = 9
            mailer = self.mailer(office, 3600.0)
            with capture_logs() as lines:
                mailer.post(MESSAGE)
                await office.visits.get()
                await mailer.settle()
        assert [line["event"] for line in lines] == ["mail.not_sent"]


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
