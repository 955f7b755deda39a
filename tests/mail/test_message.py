"""A message is written as one mail to one person, whatever is in its fields."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.mail import Attachment, Message
from headwater.mail.message import Undeliverable, compose, mailbox

NOW = datetime(2025, 5, 3, 12, 30, tzinfo=UTC)
SENDER = "Headwater <hw@example.com>"
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
}


def test_what_stands_in_it() -> None:
    mail = compose(Message("ada@example.com", "Grüße", "Liebe Ada,\n\nhttps://x.example/y#token=abc\n"), SENDER, NOW)
    read = message_from_bytes(bytes(mail), policy=default)
    assert (read["To"], read["From"], read["Subject"]) == ("ada@example.com", SENDER, "Grüße")
    assert read["Date"].datetime == NOW
    assert read["Message-ID"].endswith("@example.com>")
    assert read["Auto-Submitted"] == "auto-generated"
    assert set(read.keys()) == HEADERS


def test_long_links_stay_whole_in_the_file() -> None:
    link = f"https://{'sub.' * 40}example.com/reset-password#token={'x' * 43}"
    assert link.encode() in bytes(compose(Message("ada@example.com", "Hello", f"{link}\n"), SENDER, NOW))


@pytest.mark.parametrize(
    "to",
    [
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com\nBcc: eve@example.com",
        "ada@example.com, eve@example.com",
        "ada@example.com,eve@example.com",
        "ada,eve@example.com",
        "ada;eve@example.com",
        "(ada)eve@example.com",
        '"ada"@example.com',
        "Ada <ada@example.com> eve@example.com",
        "ada@example.com\x00",
        "ada@",
        "@example.com",
        "ada",
        "",
        "ada..b@example.com",
        "адa@example.com",
        "ada@exa mple.com",
    ],
)
def test_what_is_not_one_plain_address_gets_no_mail(to: str) -> None:
    with pytest.raises(Undeliverable):
        compose(Message(to, "Hello", "…"), SENDER, NOW)


def test_a_domain_beyond_ascii_is_written_within_it() -> None:
    mail = compose(Message("ada@bücher.example", "Hello", "…"), SENDER, NOW)
    assert mail["To"] == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize("subject", ["Hello\r\nBcc: eve@example.com", "Hello\nX: y", "Hello\x00", "a\x85b"])
def test_a_subject_is_one_line(subject: str) -> None:
    with pytest.raises(Undeliverable):
        compose(Message("ada@example.com", subject, "…"), SENDER, NOW)


def test_a_file_goes_with_it() -> None:
    file = Attachment("Winter.csv", "text/csv; charset=utf-8", "Tag,ü\r\n".encode())
    read = message_from_bytes(bytes(compose(Message("ada@example.com", "Winter", "…", file), SENDER, NOW)))
    text, attached = read.get_payload()
    assert (text.get_content_type(), attached.get_content_type()) == ("text/plain", "text/csv")
    assert (attached.get_filename(), attached.get_content_charset()) == ("Winter.csv", "utf-8")
    assert attached.get_content_disposition() == "attachment"
    assert attached.get_payload(decode=True) == file.content


def test_mails_that_can_be_stopped_say_how() -> None:
    link = f"https://headwater.example/api/v2/report-mails/stop-{'1' * 19}-{'a' * 64}"
    lines = bytes(compose(Message("ada@example.com", "Winter", "…", stop_link=link), SENDER, NOW)).split(b"\r\n")
    assert f"List-Unsubscribe: <{link}>".encode() in lines
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines


def test_a_mail_may_have_its_own_id() -> None:
    ids = [compose(Message("ada@example.com", "x", "…", mail_id="report_1"), SENDER, NOW)["Message-ID"] for _ in "ab"]
    assert ids == ["<report_1@example.com>"] * 2


@pytest.mark.parametrize(
    "more",
    [
        {"stop_link": "https://x.example/\r\nBcc: eve@example.com"},
        {"mail_id": "1>\r\nBcc: <eve@example.com"},
        {"attachment": Attachment('x"\r\nBcc: eve@example.com', "text/csv", b"")},
    ],
)
def test_nothing_that_stands_in_a_header_adds_one(more: dict[str, Any]) -> None:
    with pytest.raises(Undeliverable):
        compose(Message("ada@example.com", "Hello", "…", **more), SENDER, NOW)


@given(to=st.text(), subject=st.text(), text=st.text())
def test_nothing_adds_a_header_or_a_reader(to: str, subject: str, text: str) -> None:
    for one in (to, "ada@example.com"):
        try:
            mail = compose(Message(one, subject, text), SENDER, NOW)
        except Undeliverable:
            continue
        read = message_from_bytes(bytes(mail), policy=default)
        assert set(read.keys()) == HEADERS
        assert len(read.keys()) == len(HEADERS)
        assert len(read["To"].addresses) == 1
        assert not read.is_multipart()


def test_an_address_may_have_a_name() -> None:
    assert [mailbox(one).display_name for one in (SENDER, "hw@example.com")] == ["Headwater", ""]
