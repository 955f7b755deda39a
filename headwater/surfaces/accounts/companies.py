"""A company and its members (contract: agents-and-accounts)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from headwater.control.members.invitations import ID_PREFIX
from headwater.control.members.service import Members
from headwater.control.organisations.service import OrganisationSettings
from headwater.control.users.models import User
from headwater.errors import Conflict, NotFound, PaymentRequired
from headwater.surfaces._http.endpoint import ADMIN, READ, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.people import Success

COMPANY: Final = "/api/v1/companies/{company_id}"
_USERS: Final = f"{COMPANY}/users"
TAG: Final = "Companies"
RoleName = Literal["viewer", "editor", "admin", "owner"]


class CompanyRow(msgspec.Struct, frozen=True):
    """A company; its id is a number here."""

    id: int
    name: str
    created_at: datetime


class OneCompany(msgspec.Struct, frozen=True):
    """The company."""

    company: CompanyRow


class MemberRow(msgspec.Struct, frozen=True):
    """A person of the company."""

    id: str
    email: str
    full_name: str
    role: RoleName


class OneMember(msgspec.Struct, frozen=True):
    """A person of the company."""

    user: MemberRow


class AllMembers(msgspec.Struct, frozen=True):
    """People of the company."""

    users: list[MemberRow]


class MembersQuery(msgspec.Struct, frozen=True):
    """Whom to list."""

    q: Annotated[str, Meta(max_length=255, description="Letters of the name or the address.")] = ""


class InviteBody(msgspec.Struct, frozen=True):
    """Whom to invite."""

    email: Annotated[str, Meta(max_length=320)]
    role: Annotated[RoleName, Meta(description="At most your own.")]
    full_name: Annotated[str, Meta(max_length=255)] = ""


class InvitationRow(msgspec.Struct, frozen=True):
    """Somebody who may join; `id` stands for them until they have."""

    id: str
    email: str
    full_name: str
    role: RoleName
    created_at: datetime
    expires_at: datetime


class OneInvitation(msgspec.Struct, frozen=True):
    """Somebody who may join."""

    invitation: InvitationRow


class RoleBody(msgspec.Struct, frozen=True):
    """The role to have from now on."""

    role: Annotated[RoleName, Meta(description="At most your own.")]


def own_company(call: Call[Any, Any]) -> None:
    """Refuse a company of the path that is not the caller's, like one that does not exist."""
    company_id = call.path_id("company_id")
    if company_id != call.scope.organisation_id:
        raise NotFound(f"There is no company '{company_id}'.", field="company_id")


async def get_company(call: Call[Any, bytes]) -> Reply:
    """The caller's own."""
    own_company(call)
    async with call.services.control.reading() as session:
        found = await OrganisationSettings(session, call.scope).get()
    return Reply(OneCompany(CompanyRow(found.id, found.name, found.created_at)))


async def list_members(call: Call[MembersQuery, bytes]) -> Reply:
    """All members, or those that were searched for."""
    own_company(call)
    async with call.services.control.reading() as session:
        found = await Members(session, call.scope).list(call.query.q)
    return Reply(AllMembers([member_row(user) for user in found]))


async def invite(call: Call[Any, InviteBody]) -> Reply:
    """Send somebody a token with which they can join."""
    own_company(call)
    body = call.body
    invitation = await call.services.control.invitations.invite(
        await call.writing(), call.scope, body.email, body.role, body.full_name, call.client_ip
    )
    return Reply(OneInvitation(msgspec.convert(invitation, InvitationRow, from_attributes=True)), 201)


async def change_role(call: Call[Any, RoleBody]) -> Reply:
    """Give a member another role."""
    own_company(call)
    members = Members((await call.writing()).session, call.scope)
    user = await members.change_role(call.path_id("user_id"), call.body.role, call.client_ip)
    return Reply(OneMember(member_row(user)))


async def remove_member(call: Call[Any, bytes]) -> Reply:
    """Take a member out, or withdraw an invitation."""
    own_company(call)
    unit = await call.writing()
    if call.path["user_id"].startswith(f"{ID_PREFIX}_"):
        await call.services.control.invitations.withdraw(unit, call.scope, call.path["user_id"], call.client_ip)
        return Reply(Success(True, "Invitation withdrawn"))
    await Members(unit.session, call.scope).remove(call.path_id("user_id"), call.client_ip)
    return Reply(Success(True, "User removed"))


def member_row(user: User) -> MemberRow:
    """The person as answered."""
    return msgspec.convert(
        {"id": str(user.id), "email": user.email, "full_name": user.full_name, "role": user.role}, MemberRow
    )


MEMBER_EXAMPLE: Final = {"id": "2", "email": "user@example.com", "full_name": "John Doe", "role": "editor"}
_INVITATION: Final = {
    "id": "invite_0AbC…",
    "email": "user@example.com",
    "full_name": "John Doe",
    "role": "editor",
    "created_at": "2025-01-15T10:00:00Z",
    "expires_at": "2025-01-22T10:00:00Z",
}

ENDPOINTS = [
    Endpoint(
        "GET",
        COMPANY,
        get_company,
        READ,
        "Get a company",
        TAG,
        {
            200: Answers(
                "The caller's own company.",
                OneCompany,
                {"company": {"id": 1, "name": "Example Corp", "created_at": "2025-01-15T10:00:00Z"}},
            )
        },
    ),
    Endpoint(
        "GET",
        _USERS,
        list_members,
        READ,
        "List a company's users",
        TAG,
        {200: Answers("Its users, newest first.", AllMembers, {"users": [MEMBER_EXAMPLE]})},
        query=MembersQuery,
    ),
    Endpoint(
        "POST",
        _USERS,
        invite,
        ADMIN,
        "Invite a user",
        TAG,
        {201: Answers("The invitation; its token goes by mail only.", OneInvitation, {"invitation": _INVITATION})},
        description="The mailed token goes to `POST /api/v1/auth/register` as `invite_token`, once, within seven days."
        " Inviting the same address again replaces the invitation. Open invitations count towards `max_members`.",
        body=InviteBody,
        body_example={"email": "user@example.com", "full_name": "John Doe", "role": "editor"},
        errors=(Conflict, PaymentRequired),
    ),
    Endpoint(
        "PUT",
        f"{_USERS}/{{user_id}}",
        change_role,
        ADMIN,
        "Change a user's role",
        TAG,
        {200: Answers("The user.", OneMember, {"user": MEMBER_EXAMPLE})},
        description="Nobody gives a role above their own or changes somebody who has one. A company keeps an owner:"
        " the last one's role cannot be changed (409).",
        body=RoleBody,
        body_example={"role": "editor"},
        errors=(Conflict,),
    ),
    Endpoint(
        "DELETE",
        f"{_USERS}/{{user_id}}",
        remove_member,
        ADMIN,
        "Remove a user",
        TAG,
        {200: Answers("Removed.", Success, {"success": True, "message": "User removed"})},
        description="Ends their logins and their API keys at once; what they made stays. A company keeps an owner:"
        " the last one cannot be removed (409). The id of an invitation withdraws that.",
        errors=(Conflict,),
    ),
]
