"""Keeps the store's sums of creators' figures in step with the control plane: zones, and campaigns' members.

Questions never wait for this: what is not in step is answered from the ledger of
snapshots instead. It may be done again at any time.
"""

from __future__ import annotations

from typing import Protocol

from headwater.catalogue.creators import VIDEO_SNAPSHOTS
from headwater.query.cache import Spoil
from headwater.query.series.compile import opening_window
from headwater.query.series.groups import fingerprint
from headwater.query.series.resolve import Roster
from headwater.storage.port import GroupMember, Store


class Campaigns(Roster, Protocol):
    """A roster that can name all campaigns."""

    @property
    def zone(self) -> str:
        """The organisation's time zone."""

    def numbers(self, kind: str) -> tuple[int, ...]:
        """All of a kind."""


class Upkeep:
    """Brings an organisation's kept sums up to date."""

    def __init__(self, store: Store, spoil: Spoil) -> None:
        self._store = store
        self._spoil = spoil

    async def rebuild(self, organisation_id: int, roster: Campaigns, *, everything: bool) -> None:
        """Sum days in the present zone, and each campaign whose members differ; with ``everything`` all campaigns."""
        if self._store.zone(organisation_id) != roster.zone:
            await self._store.rezone(organisation_id, roster.zone)
        campaigns = roster.numbers("campaign")
        kept = self._store.groups(organisation_id)
        await self._store.drop_groups(organisation_id, sorted(kept.keys() - set(campaigns)))
        for campaign in campaigns:
            mark, group = fingerprint(roster, "campaign", campaign), kept.get(campaign)
            if everything or group is None or (group.members, group.zone) != (mark, roster.zone):
                await self._store.keep_group(
                    VIDEO_SNAPSHOTS.name, organisation_id, campaign, members(roster, campaign), mark
                )
                await self._spoil([(organisation_id, "campaign", campaign)])


def members(roster: Roster, campaign: int) -> list[GroupMember]:
    """A campaign's videos, each with the times between which a first reading is all new."""
    videos = roster.videos("campaign", campaign)
    return [GroupMember(video, *opening_window(roster.posted_at(video))) for video in videos]
