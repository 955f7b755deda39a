"""What the server writes to people. Links begin with the operator's setting, never with what a request says.

Nothing that a stranger chose stands in a letter to an address that is not proven: names could be advertisements.
Tokens stand behind the ``#`` of links: browsers send that part to no server, so that no log has it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from headwater.mail import Attachment, Message
from headwater.settings import Settings


class ReportLetter(msgspec.Struct, frozen=True):
    """What stands in the mail with a report; ``when`` says how often it comes."""

    mail_id: str
    to: str
    stop_token: str
    title: str
    period: str
    made_at: datetime
    when: str
    company: str


class Letters:
    """The letters of this server."""

    def __init__(self, settings: Settings) -> None:
        self._origin = settings.origin

    def verification(self, email: str, token: str) -> Message:
        """Asks to prove the address."""
        return Message(
            email,
            "Verify your e-mail address",
            "Somebody, you we hope, signed up to Headwater with this address. To verify it, open\n\n"
            f"{self._link('verify', token)}\n\n"
            f"or send the token to POST {self._api('verify-email')}:\n\n{token}\n\n"
            "It is good for 24 hours and until a newer one is sent. If it was not you, ignore this mail.\n",
        )

    def password_reset(self, email: str, token: str) -> Message:
        """Lets them choose another password."""
        return Message(
            email,
            "Choose a new password",
            "Somebody, you we hope, forgot the password of this address at Headwater. To choose a new one, open\n\n"
            f"{self._link('reset', token)}\n\n"
            f"or send the token and the password to POST {self._api('password/reset')}:\n\n{token}\n\n"
            "It is good once, for one hour and until a newer one is sent. If it was not you, ignore this mail:"
            " nothing has changed.\n",
        )

    def password_changed(self, email: str) -> Message:
        """Tells them that it was done."""
        return Message(
            email,
            "Your password was changed",
            f"The password of this address at {self._origin} was changed, and every login of before has ended."
            " If it was not you, somebody knows your password or reads your mail: choose a new password there first,"
            " then here.\n",
        )

    def invitation(self, email: str, token: str, host: str | None) -> Message:
        """Lets them join a company; ``host`` is the proven address of who invites them."""
        return Message(
            email,
            "You are invited to Headwater",
            f"{host or 'Somebody'} invites you to use Headwater with their company. To join, open\n\n"
            f"{self._link('invitation', token)}\n\n"
            f"or send the token as invite_token to POST {self._api('register')}:\n\n{token}\n\n"
            "It is good once, for seven days and until a newer one is sent. If you do not know what this is about,"
            " ignore this mail.\n",
        )

    def webhook_disabled(self, email: str, webhook_id: str, reason: str) -> Message:
        """Tells who manages webhooks that one is sent nothing any more."""
        gone = "its receiver answered 410, which says that it is gone"
        why = gone if reason == "gone" else "no delivery to it has succeeded for five days"
        return Message(
            email,
            "A webhook was disabled",
            f"The webhook {webhook_id} of your company at {self._origin} was disabled, since {why}."
            " What waited for it was given up, and nothing is sent to it any more.\n\n"
            "Its deliveries, and what was answered to each, are at\n\n"
            f"{self._origin}/api/v1/webhooks/{webhook_id}/deliveries\n\n"
            'To enable it again, PUT {"status": "active"} to\n\n'
            f"{self._origin}/api/v1/webhooks/{webhook_id}\n",
        )

    def report_confirmation(self, email: str, token: str, stop_token: str, host: str | None) -> Message:
        """Asks whether they want reports; ``host`` is the proven address of who set that up."""
        return Message(
            email,
            "Do you want to get reports by mail?",
            f"{host or 'Somebody'} would like Headwater to mail reports of their company to this address. If you want"
            f" them, open\n\n{self._report_mails(token)}\n\n"
            "The link is good for seven days. If you do not want them, ignore this mail, or say so, and you will not be"
            f" asked again:\n\n{self._report_mails(stop_token)}\n",
        )

    def report(self, mail: ReportLetter, file: Attachment) -> Message:
        """A report, to somebody who agreed to get it."""
        stop_link = self._report_mails(mail.stop_token)
        return Message(
            mail.to,
            f"{mail.title}: {mail.period}",
            f"{mail.title}\n{mail.period}, as of {mail.made_at:%Y-%m-%d %H:%M} UTC\n\n"
            f"The report is attached as {file.name}.\n\n"
            f"{mail.company} sends it {mail.when}. To stop it for this address, open\n\n{stop_link}\n",
            file,
            stop_link,
            mail.mail_id,
        )

    def _report_mails(self, token: str) -> str:
        return f"{self._origin}/api/v2/report-mails/{token}"

    def _link(self, page: str, token: str) -> str:
        return f"{self._origin}/{page}#token={token}"

    def _api(self, path: str) -> str:
        return f"{self._origin}/api/v1/auth/{path}"
