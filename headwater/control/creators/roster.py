"""An organisation's creators, videos and campaigns as questions need them: in memory, immutable.

``Roster`` is pure and answers without waiting. It knows everything by number, as facts do,
and turns callers' UUIDs into numbers and back. It knows no figure and no database.

>>> roster = Roster(
...     OrganisationEntry(1, "o", "Nord", "UTC"),
...     projects=[NamedEntry(1, "p", 1, "Spring")],
...     creators=[CreatorEntry(1, "c", 1, "ada", None)],
...     videos=[VideoEntry(1, 1, None, "auto_tracked", "Episode 1", 1, "v")],
...     campaigns=[NamedEntry(1, "a", 1, "Drop"), NamedEntry(2, "b", 1, "Both")],
...     items=[Item(1, 1, None, None), Item(2, None, None, 1), Item(2, None, 1, None)],
... )
>>> roster.videos("campaign", 2), roster.creators("campaign", 2)
((1,), (1,))
>>> roster.lineage("video", 1)
(('video', 1), ('creator', 1), ('campaign', 1), ('campaign', 2), ('project', 1))
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from headwater.control.creators.models import UNCOUNTED
from headwater.kit.ids import read_uuid

Kind = Literal["creator", "video", "campaign"]


class OrganisationEntry(NamedTuple):
    """The organisation itself, with its time zone."""

    number: int
    public_id: str
    name: str
    zone: str


class NamedEntry(NamedTuple):
    """A project (its own project is itself) or a campaign."""

    number: int
    public_id: str
    project: int
    name: str


class CreatorEntry(NamedTuple):
    """A creator."""

    number: int
    public_id: str
    project: int
    handle: str
    display_name: str | None


class VideoEntry(NamedTuple):
    """A video; ``posted_at`` is UTC without saying so, as facts have it; it is called by its title, else address."""

    number: int
    creator: int | None
    posted_at: datetime | None
    tracking_status: str
    label: str
    project: int
    public_id: str


class Item(NamedTuple):
    """What a campaign holds: one of a creator, a video and another campaign."""

    campaign: int
    creator: int | None
    video: int | None
    nested: int | None


class Roster:
    """All projects, creators, videos and campaigns of one organisation at one moment.

    Kinds are ``creator``, ``video`` and ``campaign``; where a whole makes sense also ``project``,
    and ``org`` where it is only about names. A number that is unknown raises ``KeyError`` where
    there must be an answer, and has no videos, creators or lineage.
    """

    def __init__(
        self,
        organisation: OrganisationEntry,
        *,
        projects: Iterable[NamedEntry] = (),
        creators: Iterable[CreatorEntry] = (),
        videos: Iterable[VideoEntry] = (),
        campaigns: Iterable[NamedEntry] = (),
        items: Iterable[Item] = (),
    ) -> None:
        self.zone = organisation.zone
        self._organisation = organisation
        self._projects = {entry.number: entry for entry in projects}
        self._creators = {entry.number: entry for entry in creators}
        self._videos = {entry.number: entry for entry in videos}
        self._campaigns = {entry.number: entry for entry in campaigns}
        self._entries: dict[str, dict[int, NamedEntry] | dict[int, CreatorEntry] | dict[int, VideoEntry]] = {
            "project": self._projects,
            "creator": self._creators,
            "video": self._videos,
            "campaign": self._campaigns,
        }
        self._numbers = {
            kind: {entry.public_id: number for number, entry in entries.items()}
            for kind, entries in self._entries.items()
        }
        self._numbers["org"] = {organisation.public_id: organisation.number}
        self._counted = _by_creator(self._videos.values())
        self._items: defaultdict[int, list[Item]] = defaultdict(list)
        self._holders: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        for item in items:
            self._items[item.campaign].append(item)
            self._holders[_held(item)].append(item.campaign)
        # Filled when first asked for; two threads that ask at once find the same.
        self._unions: dict[tuple[str, int], tuple[int, ...]] = {}

    def find(self, kind: str, public_id: str) -> int | None:
        """The number of what has this UUID, in whatever form it is written; also of a project and the organisation."""
        numbers = self._numbers.get(kind, {})
        number = numbers.get(public_id)
        if number is None and (spelt := read_uuid(public_id)) is not None:
            number = numbers.get(spelt)
        return number

    def public_id(self, kind: str, number: int) -> str:
        """The UUID by which callers know it."""
        return self._organisation_of(number).public_id if kind == "org" else self._entries[kind][number].public_id

    def label(self, kind: str, number: int) -> str:
        """What people call it."""
        if kind == "org":
            return self._organisation_of(number).name
        if kind == "creator":
            return self._creators[number].display_name or self._creators[number].handle
        if kind == "video":
            return self._videos[number].label
        return (self._projects if kind == "project" else self._campaigns)[number].name

    def handle(self, creator: int) -> str:
        """By which a creator is known on its platform."""
        return self._creators[creator].handle

    def project_of(self, kind: str, number: int) -> int:
        """The number of the project that it belongs to."""
        return self._entries[kind][number].project

    def video(self, number: int) -> VideoEntry:
        """The columns of a video."""
        return self._videos[number]

    def posted_at(self, video: int) -> datetime | None:
        """When a video was posted, in UTC without saying so; None where nobody knows."""
        return self._videos[video].posted_at

    def count(self, kind: str) -> int:
        """How many there are of a kind; also videos that do not count."""
        return len(self._entries[kind])

    def numbers(self, kind: str, project: int | None = None) -> tuple[int, ...]:
        """All of a kind, of a project or of all; also videos that do not count."""
        entries = self._entries[kind]
        if project is None:
            return tuple(sorted(entries))
        return tuple(sorted(number for number, entry in entries.items() if entry.project == project))

    def videos(self, kind: str, number: int) -> tuple[int, ...]:
        """The videos whose figures are its own, each once: those that count; a video is itself, counted or not."""
        if kind == "video":
            return (number,) if number in self._videos else ()
        if kind == "creator":
            return self._counted.get(number, ())
        known = self._unions.get((kind, number))
        if known is None:
            found = self._of_project(number) if kind == "project" else self._of_campaign(number)
            known = self._unions[kind, number] = tuple(sorted(found))
        return known

    def creators(self, kind: str, number: int) -> tuple[int, ...]:
        """A creator itself, a video's own, those of a campaign's counted videos; all of a project."""
        if kind == "creator":
            return (number,) if number in self._creators else ()
        if kind == "project":
            return self.numbers("creator", number)
        if kind == "video":
            video = self._videos.get(number)
            return () if video is None or video.creator is None else (video.creator,)
        owners = {self._videos[one].creator for one in self.videos("campaign", number)}
        return tuple(sorted(owner for owner in owners if owner is not None))

    def lineage(self, kind: str, number: int) -> tuple[tuple[str, int], ...]:
        """Itself and everything that its figures and annotations are part of, the project last."""
        entry = self._entries.get(kind, {}).get(number)
        if entry is None:
            return ()
        if kind == "project":
            return (("project", number),)
        own = [(kind, number)]
        if kind == "video" and (creator := self._videos[number].creator) is not None:
            own.append(("creator", creator))
        above = sorted({("campaign", campaign) for campaign in self._above(own)} - {(kind, number)})
        return (*own, *above, ("project", entry.project))

    def _organisation_of(self, number: int) -> OrganisationEntry:
        if number != self._organisation.number:
            raise KeyError(("org", number))
        return self._organisation

    def _of_project(self, project: int) -> Iterator[int]:
        return (video.number for video in self._videos.values() if video.project == project and _counts(video))

    def _of_campaign(self, campaign: int) -> set[int]:
        found: set[int] = set()
        for kind, number in self._below(campaign):
            if kind == "creator":
                found.update(self._counted.get(number, ()))
            elif kind == "video" and _counts(self._videos[number]):
                found.add(number)
        return found

    def _below(self, campaign: int) -> Iterator[tuple[str, int]]:
        """Everything that a campaign holds, nested campaigns once each however often they are held."""
        seen, waiting = {campaign}, [campaign]
        while waiting:
            for held in map(_held, self._items.get(waiting.pop(), ())):
                yield held
                if held[0] == "campaign" and held[1] not in seen:
                    seen.add(held[1])
                    waiting.append(held[1])

    def _above(self, held: Iterable[tuple[str, int]]) -> set[int]:
        """The campaigns that hold any of these, directly or through other campaigns."""
        seen: set[int] = set()
        waiting = list(held)
        while waiting:
            for campaign in self._holders.get(waiting.pop(), ()):
                if campaign not in seen:
                    seen.add(campaign)
                    waiting.append(("campaign", campaign))
        return seen


def _counts(video: VideoEntry) -> bool:
    return video.tracking_status not in UNCOUNTED


def _by_creator(videos: Iterable[VideoEntry]) -> dict[int, tuple[int, ...]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for video in videos:
        if video.creator is not None and _counts(video):
            found[video.creator].append(video.number)
    return {creator: tuple(sorted(numbers)) for creator, numbers in found.items()}


def _held(item: Item) -> tuple[str, int]:
    for kind, number in (("creator", item.creator), ("video", item.video), ("campaign", item.nested)):
        if number is not None:
            return kind, number
    raise ValueError("An item holds something.")
