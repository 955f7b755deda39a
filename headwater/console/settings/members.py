"""Who belongs to the organisation, with which role; who is invited."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headwater.console.pages import Nothing, form, page
from headwater.console.problems import Shown
from headwater.console.rendering import done, render
from headwater.control.members.service import Members
from headwater.errors import HeadwaterError
from headwater.scope import Role
from headwater.surfaces._http.endpoint import ADMIN, READ, Call, Reply, Typed

_HERE = "/settings/members"
_ONE = f"{_HERE}/{{user_id}}"
ROLES = {
    "viewer": "Viewer: looks at everything",
    "editor": "Editor: also changes what is measured",
    "admin": "Admin: also manages people, keys and billing",
    "owner": "Owner: everything",
}


class Search(msgspec.Struct, frozen=True):
    """Whom to list."""

    q: Annotated[str, Meta(max_length=255)] = ""


class InviteForm(msgspec.Struct, frozen=True):
    """Whom to invite."""

    email: Annotated[str, Meta(max_length=320)]
    role: Annotated[str, Meta(max_length=16)]
    full_name: Annotated[str, Meta(max_length=255)] = ""


class RoleForm(msgspec.Struct, frozen=True):
    """The role to have from now on."""

    role: Annotated[str, Meta(max_length=16)]


async def members(call: Call[Search, Any]) -> Reply:
    """The members, and the invitations for who may withdraw them."""
    return await _page(call, Shown(), call.query.q)


async def _page(call: Call[Any, Any], shown: Shown, search: str = "") -> Reply:
    control, scope = call.services.control, call.scope
    async with control.reading() as session:
        people = await Members(session, scope).list(search)
        waiting = await control.invitations.waiting(session, scope) if scope.allows(*ADMIN) else []
    return await render(
        call,
        "settings/members.html",
        title="Members",
        status=shown.status,
        shown=shown,
        people=people,
        waiting=waiting,
        search=search,
        me=scope.user_id,
        # Nobody gives a role above their own, or touches who has one.
        roles=[(role.name, ROLES[role.name]) for role in Role if role <= scope.role],
        admin=ADMIN,
        may_invite=call.services.settings.registration != "closed",
    )


async def invite(call: Call[Any, InviteForm]) -> Reply:
    """Mail somebody a link with which they can join."""
    body, unit = call.body, await call.writing()
    invitations = call.services.control.invitations
    await invitations.invite(unit, call.scope, body.email, body.role, body.full_name, call.client_ip)
    return done(call, _HERE, f"An invitation is on its way to {body.email}.")


async def change_role(call: Call[Any, RoleForm]) -> Reply:
    """Give a member another role."""
    service = Members((await call.writing()).session, call.scope)
    user = await service.change_role(call.path_id("user_id"), call.body.role, call.client_ip)
    return done(call, _HERE, f"{user.full_name} is now {user.role}.")


async def remove(call: Call[Any, Nothing]) -> Reply:
    """Take a member out."""
    await Members((await call.writing()).session, call.scope).remove(call.path_id("user_id"), call.client_ip)
    return done(call, _HERE, "The member is removed, with their sessions and keys.")


async def withdraw(call: Call[Any, Nothing]) -> Reply:
    """Make an invitation void."""
    unit = await call.writing()
    await call.services.control.invitations.withdraw(unit, call.scope, call.path["invitation_id"], call.client_ip)
    return done(call, _HERE, "The invitation is withdrawn.")


async def refused(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The page again."""
    return await _page(call, Shown(call.body, error))


async def refused_row(call: Call[Any, Typed], error: HeadwaterError) -> Reply:
    """The page again; what was asked for one member is no invitation half typed."""
    return await _page(call, Shown(None, error))


ENDPOINTS = [
    page(_HERE, members, READ, "Members", Search),
    form(_HERE, invite, ADMIN, "Invite somebody", InviteForm, refused),
    form(f"{_ONE}/role", change_role, ADMIN, "Give a member another role", RoleForm, refused_row),
    form(f"{_ONE}/remove", remove, ADMIN, "Remove a member", Nothing, refused_row),
    form(f"{_HERE}/invitations/{{invitation_id}}/withdraw", withdraw, ADMIN, "Withdraw an invitation"),
]
