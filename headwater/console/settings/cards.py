"""Adding a card on the payment gateway's own page, since no page of ours may see its number or load others' scripts.

The gateway's page leads back here, where the card is shown once more and taken by a form: a link alone adds nothing.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.console.pages import Nothing, form, page
from headwater.console.rendering import done, render
from headwater.console.settings.billing import HERE, refused
from headwater.surfaces._http.endpoint import ADMIN, Call, Reply

_CARDS: Final = f"{HERE}/cards"
_CRUMBS: Final = [("Settings", "/settings"), ("Billing", HERE)]


class Back(msgspec.Struct, frozen=True):
    """What the gateway's page says when it leads back; nothing where no card was given."""

    session: Annotated[str, Meta(max_length=255)] = ""


class CardForm(msgspec.Struct, frozen=True):
    """The page on which the card was given."""

    session: Annotated[str, Meta(min_length=1, max_length=255)]


async def begin(call: Call[Any, Nothing]) -> Reply:
    """Have a page made that takes a card. A form may not lead to another server by itself, so a link does."""
    settings, methods = call.services.settings, call.services.control.payment_methods
    there = await methods.collect_card(call.scope, f"{settings.origin}{_CARDS}")
    return await render(call, "settings/card_begin.html", title="Add a card", crumbs=_CRUMBS, there=there)


async def given(call: Call[Back, bytes]) -> Reply:
    """The card that was given, to be taken."""
    session, methods = call.query.session, call.services.control.payment_methods
    card = await methods.collected_card(call.scope, session) if session else None
    return await render(
        call, "settings/card_given.html", title="Add a card", crumbs=_CRUMBS, card=card, session=session
    )


async def add(call: Call[Any, CardForm]) -> Reply:
    """Take it."""
    methods = call.services.control.payment_methods
    card = await methods.collected_card(call.scope, call.body.session)
    await methods.add_card((await call.writing()).session, call.scope, card, call.client_ip)
    return done(call, HERE, "The card is added.")


ENDPOINTS = [
    page(_CARDS, given, ADMIN, "A card that was given", Back),
    form(_CARDS, add, ADMIN, "Add a card", CardForm, refused),
    form(f"{_CARDS}/new", begin, ADMIN, "Begin to add a card", Nothing, refused),
]
