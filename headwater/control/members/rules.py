"""Who may do what to whom within an organisation. Whether a caller manages members at all is asked before."""

from __future__ import annotations

from headwater.errors import Forbidden, InvalidRequest
from headwater.kit.suggest import did_you_mean
from headwater.scope import Role, Scope


def given_role(scope: Scope, name: str) -> Role:
    """A role that the caller gives to somebody: nobody gives one above their own."""
    names = [role.name for role in Role]
    if name not in names:
        raise InvalidRequest(f"'{name[:64]}' is not a role.{did_you_mean(name, names)}", field="role", allowed=names)
    role = Role[name]
    if role > scope.role:
        raise Forbidden(
            f"You cannot give the role '{name}', since yours is '{scope.role.name}'.",
            required=[name],
            granted=[scope.role.name],
            field="role",
        )
    return role


def not_above(scope: Scope, role: Role) -> None:
    """Refuse to touch somebody whose role is above the caller's."""
    if role > scope.role:
        raise Forbidden(
            f"This is for people whose role is at least '{role.name}'; yours is '{scope.role.name}'.",
            required=[role.name],
            granted=[scope.role.name],
        )
