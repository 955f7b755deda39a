"""The roster: what counts where, each video once, and what everything is part of."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.control.creators.roster import (
    CreatorEntry,
    Item,
    NamedEntry,
    OrganisationEntry,
    Roster,
    VideoEntry,
)

ORGANISATION = OrganisationEntry(9, str(uuid.UUID(int=9)), "Nord", "Europe/Oslo")


def _uuid(kind: int, number: int) -> str:
    return str(uuid.UUID(int=kind << 64 | number))


def _video(number: int, creator: int | None = None, status: str = "included", project: int = 1) -> VideoEntry:
    return VideoEntry(number, creator, None, status, f"Video {number}", project, _uuid(3, number))


def _roster(videos: Iterable[VideoEntry], campaigns: Iterable[int], items: Iterable[Item]) -> Roster:
    return Roster(
        ORGANISATION,
        projects=[NamedEntry(number, _uuid(1, number), number, f"Project {number}") for number in (1, 2)],
        creators=[
            CreatorEntry(1, _uuid(2, 1), 1, "ada", "Ada"),
            CreatorEntry(2, _uuid(2, 2), 1, "bob", None),
            CreatorEntry(3, _uuid(2, 3), 2, "eve", ""),
        ],
        videos=videos,
        campaigns=[NamedEntry(number, _uuid(4, number), 1, f"Campaign {number}") for number in campaigns],
        items=items,
    )


# Campaign 1 holds ada and video 5, 2 holds 1 and video 4, 3 holds 2 and 1; 4 holds nothing.
ROSTER = _roster(
    [
        _video(6, 2, "auto_tracked"),
        _video(1, 1, "auto_tracked"),
        _video(2, 1, "pending_review"),
        _video(3, 1, "excluded"),
        _video(4, 1),
        _video(5, None, "direct_add"),
        _video(7, 3, project=2),
        _video(8, None, "excluded"),
    ],
    (1, 2, 3, 4),
    [
        Item(1, 1, None, None),
        Item(1, None, 5, None),
        Item(1, None, 8, None),
        Item(2, None, None, 1),
        Item(2, None, 4, None),
        Item(3, None, None, 2),
        Item(3, None, None, 1),
        Item(3, None, 6, None),
    ],
)


def test_videos_that_are_pending_or_excluded_count_nowhere_but_as_themselves() -> None:
    assert ROSTER.videos("creator", 1) == (1, 4)
    assert ROSTER.videos("campaign", 1) == (1, 4, 5)
    assert ROSTER.videos("project", 1) == (1, 4, 5, 6)
    assert ROSTER.videos("video", 3) == (3,)


def test_a_campaign_is_the_union_of_what_is_below_it_each_video_once() -> None:
    assert ROSTER.videos("campaign", 2) == (1, 4, 5)
    assert ROSTER.videos("campaign", 3) == (1, 4, 5, 6)
    assert ROSTER.videos("campaign", 3) is ROSTER.videos("campaign", 3)
    assert ROSTER.videos("campaign", 4) == ()


def test_creators_are_those_of_the_videos_that_count() -> None:
    assert [ROSTER.creators("creator", 2), ROSTER.creators("video", 2), ROSTER.creators("video", 5)] == [(2,), (1,), ()]
    assert [ROSTER.creators("campaign", number) for number in (1, 3, 4)] == [(1,), (1, 2), ()]
    assert ROSTER.creators("project", 1) == (1, 2)


def test_lineage_is_everything_that_shows_its_figures() -> None:
    project = ("project", 1)
    campaigns = (("campaign", 1), ("campaign", 2), ("campaign", 3))
    assert ROSTER.lineage("video", 2) == (("video", 2), ("creator", 1), *campaigns, project)
    assert ROSTER.lineage("video", 6) == (("video", 6), ("creator", 2), ("campaign", 3), project)
    assert ROSTER.lineage("creator", 1) == (("creator", 1), *campaigns, project)
    assert ROSTER.lineage("creator", 3) == (("creator", 3), ("project", 2))
    assert ROSTER.lineage("campaign", 2) == (("campaign", 2), ("campaign", 3), project)
    assert ROSTER.lineage("project", 1) == (project,)


def test_what_is_unknown_has_nothing() -> None:
    for kind in ("creator", "video", "campaign", "project"):
        assert ROSTER.find(kind, _uuid(7, 7)) is None
        assert (ROSTER.videos(kind, 99), ROSTER.creators(kind, 99), ROSTER.lineage(kind, 99)) == ((), (), ())
        for ask in (ROSTER.label, ROSTER.public_id, ROSTER.project_of):
            with pytest.raises(KeyError):
                ask(kind, 99)
    assert ROSTER.find("workspace", _uuid(1, 1)) is None
    assert ROSTER.find("video", _uuid(2, 1)) is None
    with pytest.raises(KeyError):
        ROSTER.label("org", 1)


def test_uuids_are_found_in_every_spelling() -> None:
    for kind, number in (("project", 2), ("creator", 3), ("video", 7), ("campaign", 4), ("org", 9)):
        public_id = ROSTER.public_id(kind, number)
        known = uuid.UUID(public_id)
        for text in (public_id, public_id.upper(), known.hex, known.urn, f"{{{public_id}}}"):
            assert ROSTER.find(kind, text) == number
    assert ROSTER.find("video", "no uuid") is None


def test_labels() -> None:
    assert ROSTER.label("video", 5) == "Video 5"
    assert [ROSTER.label("creator", number) for number in (1, 2, 3)] == ["Ada", "bob", "eve"]
    assert [ROSTER.label("campaign", 1), ROSTER.label("project", 2), ROSTER.label("org", 9)] == [
        "Campaign 1",
        "Project 2",
        "Nord",
    ]


def test_numbers_are_all_of_a_kind_counted_or_not() -> None:
    assert ROSTER.numbers("video") == (1, 2, 3, 4, 5, 6, 7, 8)
    assert ROSTER.numbers("video", 2) == (7,)
    assert [ROSTER.numbers(kind) for kind in ("creator", "campaign", "project")] == [(1, 2, 3), (1, 2, 3, 4), (1, 2)]
    assert ROSTER.numbers("campaign", 2) == ()
    assert [ROSTER.project_of("creator", 3), ROSTER.project_of("campaign", 1), ROSTER.project_of("project", 2)] == [
        2,
        1,
        2,
    ]
    assert ROSTER.zone == "Europe/Oslo"
    assert ROSTER.video(4).creator == 1
    assert ROSTER.posted_at(4) is None


def test_posting_times_are_given_back() -> None:
    posted = datetime(2026, 3, 1, 12, tzinfo=UTC).replace(tzinfo=None)
    assert _roster([_video(1)._replace(posted_at=posted)], (), ()).posted_at(1) == posted


@st.composite
def _nestings(draw: st.DrawFn) -> Roster:
    """Campaigns 1 to 6 that hold creators, videos and only campaigns of higher numbers, so that none is a circle."""
    statuses = st.sampled_from(["auto_tracked", "pending_review", "included", "excluded", "direct_add"])
    owners = st.sampled_from([None, 1, 2])
    videos = [_video(number, draw(owners), draw(statuses)) for number in range(1, draw(st.integers(1, 12)))]
    items = []
    for campaign in range(1, 7):
        numbers = [video.number for video in videos]
        held = draw(st.sets(st.sampled_from(numbers))) if numbers else set()
        items += [Item(campaign, None, video, None) for video in held]
        items += [Item(campaign, creator, None, None) for creator in draw(st.sets(st.sampled_from([1, 2])))]
        nested = draw(st.sets(st.integers(campaign + 1, 6))) if campaign < 6 else set()
        items += [Item(campaign, None, None, below) for below in nested]
    return _roster(videos, range(1, 7), draw(st.permutations(items)))


def _by_hand(roster: Roster, campaign: int) -> Iterator[int]:
    """The videos of a campaign by the words of the contract, with repetitions."""
    for item in roster._items.get(campaign, ()):
        if item.nested is not None:
            yield from _by_hand(roster, item.nested)
        for number in roster.numbers("video"):
            video = roster.video(number)
            held = number == item.video or (item.creator is not None and video.creator == item.creator)
            if held and video.tracking_status not in ("pending_review", "excluded"):
                yield number


@given(_nestings())
def test_whatever_the_nesting_a_campaign_is_a_union(roster: Roster) -> None:
    for campaign in range(1, 7):
        assert list(roster.videos("campaign", campaign)) == sorted(set(_by_hand(roster, campaign)))
        owners = {roster.video(number).creator for number in roster.videos("campaign", campaign)}
        assert set(roster.creators("campaign", campaign)) == owners - {None}


@given(_nestings())
def test_whatever_the_nesting_lineage_is_membership_seen_from_below(roster: Roster) -> None:
    for number in roster.numbers("video"):
        lineage = roster.lineage("video", number)
        assert len(set(lineage)) == len(lineage)
        if roster.video(number).tracking_status in ("pending_review", "excluded"):
            continue
        holders = {campaign for campaign in range(1, 7) if number in roster.videos("campaign", campaign)}
        assert {campaign for kind, campaign in lineage if kind == "campaign"} == holders


def test_rows_that_hold_each_other_are_read_to_an_end() -> None:
    """Rules keep circles out; a restored database that has one must not hang the server."""
    roster = _roster([_video(1)], (1, 2), [Item(1, None, None, 2), Item(2, None, None, 1), Item(2, None, 1, None)])
    assert roster.videos("campaign", 1) == (1,)
    assert roster.lineage("campaign", 1) == (("campaign", 1), ("campaign", 2), ("project", 1))
