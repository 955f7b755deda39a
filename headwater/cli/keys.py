"""``headwater keys``: an organisation's API keys, made and revoked by the operator.

Uses the control plane alone, so a server may run on the same data directory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from headwater.cli import parts
from headwater.cli.parts import DataDir, Org
from headwater.control.tokens.api_keys import ApiKeys
from headwater.control.tokens.models import ApiKey
from headwater.settings import Settings

app = typer.Typer(name="keys", add_completion=False, help="Make, list and revoke API keys.", no_args_is_help=True)

_COLUMNS = ["id", "name", "key", "permissions", "created", "last used", "expires"]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    permissions: Annotated[str, typer.Option(help="Comma-separated: read, write, admin.")] = "read",
    org: Org = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it, this once.

    Example: `headwater keys create --name import --permissions read,write`
    """
    granted = [part.strip() for part in permissions.split(",") if part.strip()]
    typer.echo(asyncio.run(_create(parts.settings_of(data_dir), org, name, granted)))


@app.command("list")
def list_(org: Org = None, data_dir: DataDir = None) -> None:
    """List the keys, newest first; of each only its beginning is known.

    Example: `headwater keys list --org 'Demo Agency'`
    """
    keys = asyncio.run(_list(parts.settings_of(data_dir), org))
    parts.show_table(_COLUMNS, [_row(key) for key in keys])


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `headwater keys list` shows it.")],
    org: Org = None,
    data_dir: DataDir = None,
) -> None:
    """Revoke a key; a running server refuses it within two seconds.

    Example: `headwater keys revoke key_0001J2b…`
    """
    asyncio.run(_revoke(parts.settings_of(data_dir), org, key_id))
    typer.echo(f"Revoked {key_id}.")


async def _create(settings: Settings, org: str | None, name: str, permissions: list[str]) -> str:
    async with parts.control_plane(settings) as control:
        scope = await parts.operator_scope(control, org)
        async with control.unit_of_work() as unit:
            _, secret = await ApiKeys(unit.session, scope).create(name, permissions)
    return secret


async def _list(settings: Settings, org: str | None) -> Sequence[ApiKey]:
    async with parts.control_plane(settings) as control:
        scope = await parts.operator_scope(control, org)
        async with control.reading() as session:
            return await ApiKeys(session, scope).list()


async def _revoke(settings: Settings, org: str | None, key_id: str) -> None:
    async with parts.control_plane(settings) as control:
        scope = await parts.operator_scope(control, org)
        async with control.unit_of_work() as unit:
            await ApiKeys(unit.session, scope).revoke(key_id)


def _row(key: ApiKey) -> list[str]:
    times = (_time(moment) for moment in (key.created_at, key.last_used, key.expires_at))
    return [key.id, key.name, f"{key.prefix}…", ",".join(key.permissions), *times]


def _time(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}Z"
