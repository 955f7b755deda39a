"""The posts of the demo and their readings, drawn from a seeded generator; nothing of them is stored here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Final

import msgspec

from headwater.control.creators.models import TrackingStatus
from headwater.demo import growth
from headwater.demo.growth import Counters
from headwater.demo.people import TEAMS, VIRAL_DAYS_AGO, Person, Team

_DAY = timedelta(days=1)
# Late in the evening, when most of a day's views have come; the round takes some minutes.
_READ_AT = timedelta(hours=21, minutes=40)
_ROUND_MINUTES: Final = 12
_MISSED, _LATE = 0.008, 0.003
_WAITING: Final = 3
_DIRECT_DAYS_AGO: Final = 52
_VIRAL_TITLE: Final = "One pan, no water, no patience"


class Post(msgspec.Struct, frozen=True):
    """A video: who posted it (None: nobody who is tracked), and what it will have in the end."""

    team: Team
    person: Person | None
    title: str
    number: int
    posted_at: datetime
    final: float
    status: TrackingStatus | None = None
    viral: bool = False

    @property
    def platform(self) -> str:
        """Where it is."""
        return self.person.platform if self.person else "tiktok"

    @property
    def external_id(self) -> str:
        """Its id there."""
        return f"{self.number:018d}"

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://{self.platform}.example/video/{self.external_id}"


class Reading(msgspec.Struct, frozen=True):
    """The counters at one moment; a ``late`` one was only sent after those that follow it."""

    at: datetime
    counters: Counters
    late: bool


def draw(first: datetime, now: datetime, random: Random) -> list[Post]:
    """All posts of the days from ``first`` (a midnight) to ``now``, and one from before of each creator."""
    posts = [post for team in TEAMS for person in team.people for post in _of(team, person, first, now, random)]
    for team in TEAMS:
        for place, (title, typical) in enumerate(team.direct):
            posted = _days_ago(now, _DIRECT_DAYS_AGO + 5 * place) + timedelta(hours=9)
            final = growth.final_views(typical, random)
            posts.append(Post(team, None, title, random.getrandbits(59), posted, final))
    return sorted(posts, key=lambda post: post.posted_at)


def _of(team: Team, person: Person, first: datetime, now: datetime, random: Random) -> list[Post]:
    titles = _titles(person, random)
    times = [first - timedelta(hours=random.uniform(40, 600)), *_times(person, first, now, random)]
    posts = [
        Post(team, person, next(titles), random.getrandbits(59), time, growth.final_views(person.typical, random))
        for time in times
    ]
    if person.viral:
        time = _days_ago(now, VIRAL_DAYS_AGO) + timedelta(hours=18, minutes=7)
        final = growth.viral_views(person.typical)
        posts.append(Post(team, person, _VIRAL_TITLE, random.getrandbits(59), time, final, viral=True))
    return [_reviewed(post, len(posts) - place) for place, post in enumerate(posts)] if person.selective else posts


def _titles(person: Person, random: Random) -> Iterator[str]:
    topics = list(person.topics)
    for part in count(1):
        random.shuffle(topics)
        yield from topics if part == 1 else (f"{topic} (part {part})" for topic in topics)


def _times(person: Person, first: datetime, now: datetime, random: Random) -> Iterator[datetime]:
    """When somebody posts: on some days, at some hours of theirs."""
    weekdays, hours = person.rhythm.weekdays, person.rhythm.hours
    likely = [1 / (place + 1) for place in range(len(hours))]
    day = first
    while day <= now:
        if random.random() < person.weekly * weekdays[day.weekday()] / sum(weekdays):
            hour = random.choices(hours, likely)[0]
            time = day + timedelta(hours=hour, seconds=random.randrange(3600))
            if time <= now:
                yield time
        day += _DAY


def _reviewed(post: Post, from_the_end: int) -> Post:
    """Of somebody whose posts are chosen by hand: the last ones wait, some were not wanted."""
    if from_the_end <= _WAITING:
        return msgspec.structs.replace(post, status="pending_review")
    return msgspec.structs.replace(post, status="excluded" if from_the_end % 4 == 0 else "included")


def _days_ago(now: datetime, days: int) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - days * _DAY


def rounds(first: datetime, now: datetime) -> list[datetime]:
    """When the daily rounds of reading began, from a midnight on; today's is the last that can be over."""
    today = _days_ago(now, 0)
    found = [first + day * _DAY + _READ_AT for day in range((today - first) // _DAY)]
    last = min(today + _READ_AT, now - timedelta(minutes=_ROUND_MINUTES))
    return [*found, last] if last >= today else found


def readings(post: Post, times: Sequence[datetime], random: Random) -> list[Reading]:
    """What the rounds since its posting read of a post; a few were missed, and a few came in late."""
    seconds = [time + timedelta(seconds=random.randrange(60 * _ROUND_MINUTES)) for time in times]
    seen = [time for time in seconds if time > post.posted_at]
    # The first is never missed: within a day of the posting it says that all of it is new.
    kept = [time for place, time in enumerate(seen) if not place or random.random() >= _MISSED]
    counters = growth.readings(post.final, post.posted_at, kept, post.platform, random, viral=post.viral)
    return [
        Reading(time, one, late=0 < place < len(kept) - 1 and random.random() < _LATE)
        for place, (time, one) in enumerate(zip(kept, counters, strict=True))
    ]
