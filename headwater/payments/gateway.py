"""What every payment gateway can do, in words that are no gateway's own.

Amounts are whole numbers of the currency's smallest coin. Methods raise ``UpstreamError``
or ``UpstreamTimeout`` when it is not known what became of the request, ``InvalidRequest``
when the gateway refuses what was sent: then nothing was done.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple, Protocol

Status = Literal["settled", "pending", "requires_action", "declined"]


class Card(NamedTuple):
    """A payment method: the gateway's own names for it and for its customer, and what may be shown of it."""

    customer: str
    token: str
    type: str
    brand: str | None
    last4: str | None


class Asked(NamedTuple):
    """A payment to be made; ``id`` is ours, and asking twice under one id pays once."""

    id: str
    amount: int
    currency: str
    customer: str
    method: str
    description: str


class Payment(NamedTuple):
    """A payment as the gateway knows it by ``reference``; ``reason`` says why it was declined.

    ``client_secret`` is for the payer's browser, where the bank asks them to confirm.
    """

    reference: str
    status: Status
    amount: int
    currency: str
    reason: str = ""
    client_secret: str | None = None


class Report(NamedTuple):
    """What the gateway says by itself about the payment that we asked for as ``id``."""

    id: str
    payment: Payment


class Gateway(Protocol):
    """A payment gateway."""

    async def save(self, company: str, name: str, customer: str | None, token: str) -> Card:
        """Give the method that ``token`` stands for to the company's customer, who is made if there is none."""

    async def collect(self, company: str, name: str, customer: str | None, back: str) -> str:
        """The address of the gateway's page that takes a card from the company; it leads on to ``back``.

        There the page's name, for ``collected``, is appended as the parameter ``session``.
        """

    async def collected(self, company: str, session: str) -> Card:
        """The card that a page took from this company; ``InvalidRequest`` where it took none."""

    async def forget(self, token: str) -> None:
        """Take a method from its customer; one that is gone already is no error."""

    async def pay(self, asked: Asked) -> Payment:
        """Make a payment, or find the one that was made under this id."""

    async def look_up(self, asked: Asked, reference: str | None, since: datetime) -> Payment | None:
        """What became of a payment asked for at ``since``; None when the gateway never heard of it."""

    async def cancel(self, reference: str) -> Payment:
        """Give up a payment that waits for its payer; how it stands then, which may be paid."""

    def report(self, body: bytes, signature: str) -> Report | None:
        """What a message says, once its signature was found right (else ``InvalidRequest``); None: nothing for us."""

    async def aclose(self) -> None:
        """Close what is open."""
