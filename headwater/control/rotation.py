"""Rotates the server's secrets: what signs access tokens, and what stored secrets are encrypted with.

Works beside a running server, which notices the new file before it signs, checks or
encrypts anything. If it is interrupted, nothing is lost: the file keeps the old keys
until nothing needs them, and the next rotation finishes what this one began.

Left as they are: the pepper of keyed hashes, since API keys and sessions exist only as
such, and the key of remembered answers, which need the caller's own key too and live a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import MetaData

from headwater.control.audit.service import Audit
from headwater.control.db import Database
from headwater.control.record import Record
from headwater.control.sealed import reseal
from headwater.control.secrets import Vault
from headwater.kit.clock import Clock


class Rotated(msgspec.Struct, frozen=True):
    """How many stored values were encrypted anew, and until when access tokens of before are good; None is no more."""

    values: int
    tokens_until: datetime | None


class Rotation:
    """The one way to change the secrets."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, access_token_minutes: int) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._life = timedelta(minutes=access_token_minutes)

    async def run(self, *, end_tokens: bool = False, metadata: MetaData = Record.metadata) -> Rotated:
        """Rotate; with ``end_tokens`` all access tokens of before are refused from now on."""
        async with self._database.unit_of_work() as uow:
            now = self._clock()
            until = None if end_tokens else now + self._life
            self._vault.begin_rotation(until, now)
            values = await reseal(uow.session, metadata)
            details = {"values": values, "tokens_ended": end_tokens}
            await Audit.record(uow.session, None, None, "secrets_rotated", details=details)
        # Only now is it certain that what was encrypted anew is stored.
        while again := await self._finish(metadata):
            values += again
        return Rotated(values, until)

    async def _finish(self, metadata: MetaData) -> int:
        """Forget the old keys if nothing needs them; else how many values did."""
        async with self._database.unit_of_work() as uow:
            found = await reseal(uow.session, metadata)
            if not found:
                self._vault.end_rotation()
        return found
