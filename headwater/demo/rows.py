"""Makes the rows of the demo's projects, creators, videos and campaigns.

Campaigns are made, and get what they hold, on the days on which they would have: what
the server notes of that by itself then stands where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.creators.campaigns import Campaigns
from headwater.control.creators.creators import Creators
from headwater.control.creators.items import Items
from headwater.control.creators.models import UNCOUNTED, Campaign, Creator, ItemType, Project
from headwater.control.creators.projects import Projects
from headwater.control.creators.rules import CampaignFields, CreatorFields, ProjectFields, VideoFields
from headwater.control.creators.videos import Videos
from headwater.demo.growth import round_number
from headwater.demo.people import TEAMS, WAVES, Person, Wave
from headwater.demo.posts import Post
from headwater.kit.clock import FixedClock
from headwater.scope import Scope

_DAY = timedelta(days=1)
_MORNING = timedelta(hours=8, minutes=15)
_FOUND_AFTER = timedelta(minutes=20)
# So many days after a campaign is made it is to have its target.
_TERM = 60


class Rows:
    """What was made: creators by handle, campaigns by name, videos' UUIDs by their posts' number."""

    def __init__(self, session: AsyncSession, scope: Scope, clock: FixedClock, posts: Sequence[Post]) -> None:
        self.creators: dict[str, Creator] = {}
        self.videos: dict[int, str] = {}
        self.campaigns: dict[str, Campaign] = {}
        self._projects: dict[str, Project] = {}
        self._session = session
        self._scope = scope
        self._clock = clock
        self._posts = posts
        self._now = clock()

    async def make(self, first: datetime, levels: Mapping[int, int]) -> None:
        """All of them; ``levels`` are the views of the posts now, of which targets are a share."""
        try:
            self._clock.now = first
            await self._people(first)
            await self._make_videos()
            for wave in WAVES:
                await self._campaign(wave, levels)
        finally:
            self._clock.now = self._now

    async def _people(self, first: datetime) -> None:
        projects, creators = Projects(self._session, self._scope), Creators(self._session, self._scope)
        for team in TEAMS:
            project = await projects.create(ProjectFields(name=team.name, description=team.description))
            self._projects[team.name] = project
            for person in team.people:
                self.creators[person.handle], _ = await creators.create(project, _creator(person, first))

    async def _make_videos(self) -> None:
        videos = Videos(self._session, self._scope)
        for team in TEAMS:
            posts = [post for post in self._posts if post.team == team]
            made = await videos.create_many(self._projects[team.name], [self._video(post) for post in posts])
            self.videos.update(zip((post.number for post in posts), made, strict=True))

    def _video(self, post: Post) -> VideoFields:
        return VideoFields(
            creator_id=self.creators[post.person.handle].public_id if post.person else None,
            external_id=post.external_id,
            url=post.url,
            title=post.title,
            posted_at=post.posted_at.isoformat(),
            tracking_status=post.status or UNSET,
        )

    async def _campaign(self, wave: Wave, levels: Mapping[int, int]) -> None:
        made = self._morning(wave.made)
        self._clock.now = made
        fields = CampaignFields(name=wave.name)
        if wave.target is not None:
            total = sum(levels[number] for number in self._counted(wave))
            fields = CampaignFields(
                name=wave.name,
                target_views=max(round_number(total * wave.target), 1),
                target_at=(made + _TERM * _DAY).isoformat(),
            )
        campaign = await Campaigns(self._session, self._scope).create(self._projects[wave.team], fields)
        self.campaigns[wave.name] = campaign
        items = Items(self._session, self._scope)
        for at, kind, item_id in sorted(self._items(wave, made)):
            self._clock.now = at
            await items.add(campaign, kind, item_id)

    def _items(self, wave: Wave, made: datetime) -> Iterator[tuple[datetime, ItemType, str]]:
        for place, handle in enumerate(wave.creators):
            yield made + place * _FOUND_AFTER, "creator", self.creators[handle].public_id
        for name in wave.waves:
            campaign = self.campaigns[name]
            yield max(made, campaign.created_at + _FOUND_AFTER), "campaign", campaign.public_id
        for post in self._posts_in(wave):
            at = min(max(made, post.posted_at + _FOUND_AFTER), self._now)
            yield at, "video", self.videos[post.number]

    def _posts_in(self, wave: Wave) -> Iterator[Post]:
        """The posts that a campaign holds one by one."""
        since, until = (self._morning(days_ago) for days_ago in wave.during)
        for post in self._posts:
            if post.person is None:
                wanted = wave.direct and post.team.name == wave.team
            else:
                wanted = post.person.handle in wave.picked and since <= post.posted_at < until
            if wanted:
                yield post

    def _counted(self, wave: Wave) -> set[int]:
        """The posts whose views are a campaign's."""
        posts = [*self._posts_in(wave)]
        posts += [post for post in self._posts if post.person and post.person.handle in wave.creators]
        found = {post.number for post in posts if post.status not in UNCOUNTED}
        return found.union(*(self._counted(below) for below in WAVES if below.name in wave.waves))

    def _morning(self, days_ago: int) -> datetime:
        return self._now.replace(hour=0, minute=0, second=0, microsecond=0) - days_ago * _DAY + _MORNING


def _creator(person: Person, first: datetime) -> CreatorFields:
    return CreatorFields(
        handle=person.handle,
        platform=person.platform,
        display_name=person.name,
        tracking_mode="selective" if person.selective else "auto",
        tracking_start_date=first.date(),
    )
