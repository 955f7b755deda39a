"""A company's outlets (contract: agents-and-accounts)."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from headwater.control.outlets.models import Outlet
from headwater.control.outlets.service import Outlets
from headwater.surfaces._http.endpoint import READ, WRITE, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.people import Success
from headwater.surfaces.accounts.companies import COMPANY, TAG, own_company

_OUTLETS: Final = f"{COMPANY}/outlets"
_Name = Annotated[str, Meta(min_length=1, max_length=255)]
_Address = Annotated[str, Meta(max_length=1000)]


class OutletBody(msgspec.Struct, frozen=True):
    """A place to be added."""

    name: _Name
    address: _Address = ""


class OutletChange(msgspec.Struct, frozen=True):
    """What is to be changed; what is left out stays."""

    name: _Name | None = None
    address: _Address | None = None


class OutletRow(msgspec.Struct, frozen=True):
    """A place of the company."""

    outlet_id: str
    name: str
    address: str


class OneOutlet(msgspec.Struct, frozen=True):
    """A place of the company."""

    outlet: OutletRow


class AllOutlets(msgspec.Struct, frozen=True):
    """The company's places."""

    outlets: list[OutletRow]


async def list_outlets(call: Call[Any, bytes]) -> Reply:
    """All outlets, newest first."""
    own_company(call)
    async with call.services.control.reading() as session:
        return Reply(AllOutlets([_row(one) for one in await Outlets(session, call.scope).list()]))


async def create_outlet(call: Call[Any, OutletBody]) -> Reply:
    """A new outlet."""
    own_company(call)
    outlets = Outlets((await call.writing()).session, call.scope)
    return Reply(OneOutlet(_row(await outlets.create(call.body.name, call.body.address))), 201)


async def update_outlet(call: Call[Any, OutletChange]) -> Reply:
    """Change the fields that were sent."""
    own_company(call)
    outlets = Outlets((await call.writing()).session, call.scope)
    return Reply(OneOutlet(_row(await outlets.update(call.path["outlet_id"], call.body.name, call.body.address))))


async def delete_outlet(call: Call[Any, bytes]) -> Reply:
    """Remove an outlet."""
    own_company(call)
    await Outlets((await call.writing()).session, call.scope).delete(call.path["outlet_id"])
    return Reply(Success(True, "Outlet deleted"))


def _row(outlet: Outlet) -> OutletRow:
    return OutletRow(outlet.id, outlet.name, outlet.address)


_EXAMPLE: Final = {"outlet_id": "outlet_0AbC…", "name": "Main Store", "address": "123 Main St"}
_BODY_EXAMPLE: Final = {"name": "Main Store", "address": "123 Main St"}

ENDPOINTS = [
    Endpoint(
        "GET",
        _OUTLETS,
        list_outlets,
        READ,
        "List a company's outlets",
        TAG,
        {200: Answers("Its outlets, newest first.", AllOutlets, {"outlets": [_EXAMPLE]})},
    ),
    Endpoint(
        "POST",
        _OUTLETS,
        create_outlet,
        WRITE,
        "Add an outlet",
        TAG,
        {201: Answers("The outlet.", OneOutlet, {"outlet": _EXAMPLE})},
        body=OutletBody,
        body_example=_BODY_EXAMPLE,
    ),
    Endpoint(
        "PUT",
        f"{_OUTLETS}/{{outlet_id}}",
        update_outlet,
        WRITE,
        "Change an outlet",
        TAG,
        {200: Answers("The outlet.", OneOutlet, {"outlet": _EXAMPLE})},
        body=OutletChange,
        body_example=_BODY_EXAMPLE,
    ),
    Endpoint(
        "DELETE",
        f"{_OUTLETS}/{{outlet_id}}",
        delete_outlet,
        WRITE,
        "Delete an outlet",
        TAG,
        {200: Answers("Deleted.", Success, {"success": True, "message": "Outlet deleted"})},
    ),
]
