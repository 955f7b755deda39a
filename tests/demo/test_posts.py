"""The demo's invented posts: the same every time, and like what is seen of real ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import median

import pytest

from headwater.demo.growth import HABITS, followers
from headwater.demo.people import LUNCH, TEAMS, WAVES
from headwater.demo.posts import Post, Reading, draw, readings, rounds

NOW = datetime(2026, 3, 31, 15, 20, tzinfo=UTC)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

Read = list[tuple[Post, list[Reading]]]


def invent(seed: int = 5, now: datetime = NOW) -> Read:
    random = Random(seed)
    times = rounds(FIRST, now)
    return [(post, readings(post, times, random)) for post in draw(FIRST, now, random)]


@pytest.fixture(scope="module")
def invented() -> Read:
    return invent()


def test_the_same_seed_on_the_same_day_invents_the_same(invented: Read) -> None:
    assert invent() == invented
    assert invent(seed=6) != invented


def test_there_is_enough_to_look_at_and_not_more(invented: Read) -> None:
    assert sum(len(team.people) for team in TEAMS) == 25
    assert {person.platform for team in TEAMS for person in team.people} == {"tiktok", "youtube", "instagram"}
    for seed in range(4):
        posts = draw(FIRST, NOW, Random(seed))
        assert 350 <= len(posts) <= 450
        assert len({post.number for post in posts}) == len(posts)


def test_nothing_lies_in_the_future(invented: Read) -> None:
    for hour in range(24):
        now = NOW.replace(hour=hour, minute=2)
        found = invent(now=now)
        assert max(post.posted_at for post, _ in found) <= now
        assert max(one.at for _, some in found for one in some) <= now


def test_a_post_is_read_once_a_day_from_its_posting_on(invented: Read) -> None:
    missed = late = all_of_them = 0
    for post, some in invented:
        assert all(one.at > post.posted_at for one in some)
        days = [one.at.date() for one in some]
        assert len(set(days)) == len(days)
        if days and post.posted_at >= FIRST:
            # Not a baseline: it was read within a day.
            assert some[0].at - post.posted_at <= DAY
        missed += sum((after - before).days - 1 for before, after in pairwise(days))
        late += sum(one.late for one in some)
        all_of_them += len(some)
    assert 0 < missed < all_of_them * 0.02
    assert 0 < late < all_of_them * 0.01


def test_counters_only_grow_and_reactions_are_in_proportion(invented: Read) -> None:
    for post, some in invented:
        for before, after in pairwise(one.counters for one in some):
            assert all(a is None or a <= (b or 0) for a, b in zip(before, after, strict=True))
        for reading in some:
            views, *reactions = reading.counters
            for count, bounds in zip(reactions, HABITS[post.platform].rates.values(), strict=True):
                if bounds is None:
                    assert count is None
                else:
                    # Rates of a day wander by up to 30 %; small counts are rounded down.
                    assert bounds[0] * 0.7 * views - 2 <= (count or 0) <= bounds[1] * 1.35 * views + 1


def test_most_views_come_in_the_first_days_and_some_for_months(invented: Read) -> None:
    shares, tails = [], []
    for post, some in invented:
        if post.posted_at >= FIRST and not post.viral and len(some) >= 50:
            shares.append(some[6].counters[0] / some[-1].counters[0])
            tails.append(some[-1].counters[0] - some[-10].counters[0])
    assert 0.6 < median(shares) < 0.95
    assert all(tail > 0 for tail in tails)


def test_sizes_are_spread_and_one_post_is_seen_by_everybody(invented: Read) -> None:
    (viral,) = (post for post, _ in invented if post.viral)
    sizes = sorted(post.final / post.person.typical for post, _ in invented if post.person and not post.viral)
    assert 0.85 < median(sizes) < 1.15
    assert sizes[-1] > 3 > 0.4 > sizes[0]
    assert viral.person is not None
    assert viral.final > 3 * max(post.final for post, _ in invented if post is not viral)
    some = dict(zip([post.number for post, _ in invented], [some for _, some in invented], strict=True))[viral.number]
    gains = [after.counters[0] - before.counters[0] for before, after in pairwise(some)]
    # Nobody notices at first.
    assert 3 <= gains.index(max(gains)) <= 7


def test_people_post_on_their_days_at_their_hours(invented: Read) -> None:
    for team in TEAMS:
        for person in team.people:
            posts = [post for post, _ in invented if post.person == person and post.posted_at >= FIRST]
            usual = [post for post in posts if not post.viral]
            assert usual
            assert {post.posted_at.hour for post in usual} <= set(person.rhythm.hours)
            weekdays = {day for day, weight in enumerate(person.rhythm.weekdays) if weight}
            assert {post.posted_at.weekday() for post in usual} <= weekdays
    assert LUNCH.weekdays[5:] == (0, 0)


def test_the_last_posts_of_who_is_tracked_by_hand_wait(invented: Read) -> None:
    (person,) = (person for team in TEAMS for person in team.people if person.selective)
    states = [post.status for post, _ in invented if post.person == person]
    assert states[-3:] == ["pending_review"] * 3
    assert {"included", "excluded"} == set(states[:-3])


def test_followers_fall_only_where_accounts_are_cleared_out() -> None:
    steady = followers(50_000, 90, Random(1), gained={})
    falling = followers(50_000, 90, Random(1), lost=0.08, lost_on=60, gained={})
    assert steady[59] == falling[59]
    assert falling[60] < falling[59] * 0.94
    assert steady[-1] > 50_000
    assert min(after / before for before, after in pairwise(steady)) > 0.99


def test_campaigns_name_only_what_is_there() -> None:
    people = {team.name: {person.handle for person in team.people} for team in TEAMS}
    made: set[str] = set()
    for wave in WAVES:
        assert {*wave.creators, *wave.picked} <= people[wave.team]
        assert set(wave.waves) <= made
        made.add(wave.name)
