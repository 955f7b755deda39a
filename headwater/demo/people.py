"""Who posts in the demo, when and how well, and the campaigns that count them. All names are invented."""

from __future__ import annotations

from typing import Final

import msgspec


class Rhythm(msgspec.Struct, frozen=True):
    """When somebody posts: how likely each weekday is, Monday first, and the hours (UTC), the likeliest first."""

    weekdays: tuple[int, ...]
    hours: tuple[int, ...]


WEEKNIGHTS = Rhythm((5, 6, 6, 5, 2, 0, 1), (18, 19, 17, 20))
WEEKENDS = Rhythm((0, 0, 1, 1, 3, 9, 8), (10, 9, 11, 16))
LUNCH = Rhythm((6, 1, 6, 1, 6, 0, 0), (12, 11, 13))
TUESDAYS = Rhythm((0, 9, 0, 3, 0, 0, 0), (16, 15))
ANY_DAY = Rhythm((3, 3, 3, 3, 4, 4, 3), (19, 7, 12, 21, 17))


class Person(msgspec.Struct, frozen=True):
    """A creator: followers at the beginning, posts a week, and the views that half of the posts stay below."""

    handle: str
    name: str
    platform: str
    followers: int
    weekly: float
    typical: int
    rhythm: Rhythm
    topics: tuple[str, ...]
    selective: bool = False
    lost: float = 0.0
    """The share of followers that go within one day, where the platform clears out accounts."""
    viral: bool = False


class Team(msgspec.Struct, frozen=True):
    """A project with its creators, and videos that were added without one: title and typical views."""

    name: str
    description: str
    people: tuple[Person, ...]
    direct: tuple[tuple[str, int], ...]


class Wave(msgspec.Struct, frozen=True):
    """A campaign, made so many days ago, and what it holds: creators by handle, other campaigns by name.

    ``picked`` are creators of whom only the posts between the days ``during`` count, ``target`` is the
    share of its views today that it was to get.
    """

    name: str
    team: str
    made: int
    creators: tuple[str, ...] = ()
    waves: tuple[str, ...] = ()
    picked: tuple[str, ...] = ()
    during: tuple[int, int] = (0, 0)
    direct: bool = False
    target: float | None = None


class Remark(msgspec.Struct, frozen=True):
    """Something that somebody wrote about a creator, a campaign or (nothing named) the whole organisation."""

    days_ago: int
    title: str
    body: str | None = None
    creator: str | None = None
    wave: str | None = None


LOST_DAYS_AGO: Final = 21
VIRAL_DAYS_AGO: Final = 33

_HIKES = ("Three days without a plan", "What I pack in winter", "The last hut before the glacier", "Rain, all of it")
_SNOW = ("First tracks", "How to fall well", "Night run under the lights", "Layers, from the skin out")
_GEAR = ("Jackets under test: wet, wetter", "One bag, forty litres", "Boots after a thousand km", "Stove against wind")
_WATER = ("Kayak at minus four", "Ice bathing for beginners", "The fjord at six in the morning")
_PAN = ("One pan, ten minutes", "Leftovers, but good", "Pasta without a pot", "Five things from one cabbage")
_BAKE = ("Sourdough for the impatient", "Cinnamon, more cinnamon", "Bread that forgives", "Cake in a cup")
_PLANTS = ("Beans that taste of something", "Mushrooms instead", "A week of lentils", "Kale, defended")
_KNIVES = ("Sharp in three minutes", "Pans that last", "My smallest kitchen yet")

OUTDOOR: Final = Team(
    "Fjell Outdoor",
    "Who wears the winter collection, and what comes of it.",
    (
        Person("marit.goes.up", "Marit Fjellvang", "tiktok", 48_200, 1.9, 21_000, WEEKNIGHTS, _HIKES),
        Person("snowbound_eli", "Eli Snow", "tiktok", 131_000, 1.7, 38_000, WEEKENDS, _SNOW),
        Person("hutvandring", "Jonas Hytte", "tiktok", 22_700, 1.3, 9_500, ANY_DAY, _HIKES),
        Person("ski.with.ida", "Ida Skare", "tiktok", 87_400, 1.7, 26_000, WEEKENDS, _SNOW),
        Person("tent.and.tea", "Noor Vale", "tiktok", 12_900, 1.1, 6_200, LUNCH, _HIKES),
        Person("coldwaterclub", "Cold Water Club", "tiktok", 34_100, 1.0, 14_000, ANY_DAY, _WATER),
        Person("GearRoomNorth", "Gear Room North", "youtube", 214_000, 0.8, 52_000, TUESDAYS, _GEAR),
        Person("LongWayWalking", "Tomas Lind", "youtube", 96_300, 0.7, 31_000, WEEKENDS, _HIKES),
        Person("WinterCraft", "Astrid & Bo", "youtube", 41_800, 0.7, 12_500, TUESDAYS, _GEAR, selective=True),
        Person("ridge.line.studio", "Ridge Line", "instagram", 63_500, 1.2, 17_000, WEEKNIGHTS, _SNOW),
        Person("the.slow.summit", "Hanna Berg", "instagram", 152_000, 1.0, 29_000, LUNCH, _HIKES, lost=0.08),
        Person("fjord.and.fell", "Fjord & Fell", "instagram", 27_300, 1.1, 8_400, WEEKENDS, _WATER),
        Person("wool.socks.only", "Pia Ullman", "instagram", 9_800, 0.9, 3_900, ANY_DAY, _GEAR),
    ),
    (("Employees try the new shell, unfiltered", 18_000), ("Store window, time lapse", 5_500)),
)
KITCHEN: Final = Team(
    "Kitchen & Co",
    "Cooks, bakers and one knife sharpener.",
    (
        Person("onepanoscar", "Oscar Panna", "tiktok", 73_900, 2.1, 33_000, WEEKNIGHTS, _PAN, viral=True),
        Person("ten.minute.mo", "Mo Adeyemi", "tiktok", 118_000, 1.8, 41_000, ANY_DAY, _PAN),
        Person("crumb.report", "Lotte Krume", "tiktok", 29_600, 1.2, 11_800, WEEKENDS, _BAKE),
        Person("beansandbeats", "Beans & Beats", "tiktok", 17_200, 1.3, 7_400, LUNCH, _PLANTS),
        Person("kniv.og.kniv", "Sverre Kniv", "tiktok", 8_300, 0.7, 4_600, TUESDAYS, _KNIVES),
        Person("SundayDough", "Sunday Dough", "youtube", 167_000, 0.8, 44_000, WEEKENDS, _BAKE),
        Person("TinyStove", "Tiny Stove", "youtube", 58_400, 0.8, 19_000, TUESDAYS, _KNIVES),
        Person("GreenPlateLab", "Dr. Farah Green", "youtube", 33_700, 0.7, 10_200, LUNCH, _PLANTS),
        Person("plate.by.plate", "Plate by Plate", "instagram", 91_200, 1.2, 22_500, LUNCH, _PAN),
        Person("butter.ledger", "Camille Beurre", "instagram", 44_600, 1.0, 13_700, WEEKENDS, _BAKE),
        Person("root.to.leaf", "Root to Leaf", "instagram", 19_900, 0.9, 5_800, WEEKNIGHTS, _PLANTS),
        Person("midnight.pancake", "Midnight Pancake", "instagram", 13_400, 0.8, 6_900, ANY_DAY, _BAKE),
    ),
    (("Autumn sale: the queue at seven", 12_000),),
)
TEAMS: Final = (OUTDOOR, KITCHEN)

WAVES: Final = (
    Wave(
        "Winter jackets: short form",
        "Fjell Outdoor",
        78,
        ("marit.goes.up", "snowbound_eli", "hutvandring", "ski.with.ida"),
    ),
    Wave("Winter jackets: long form", "Fjell Outdoor", 71, ("GearRoomNorth", "LongWayWalking")),
    Wave(
        "Winter jackets",
        "Fjell Outdoor",
        80,
        waves=("Winter jackets: short form", "Winter jackets: long form"),
        direct=True,
        target=0.88,
    ),
    Wave(
        "Ambassadors",
        "Fjell Outdoor",
        62,
        ("tent.and.tea", "coldwaterclub", "WinterCraft", "ridge.line.studio", "the.slow.summit", "fjord.and.fell"),
    ),
    Wave(
        "Autumn sale",
        "Kitchen & Co",
        75,
        picked=("ten.minute.mo", "plate.by.plate", "SundayDough", "crumb.report"),
        during=(75, 40),
        direct=True,
    ),
    Wave("One-pan challenge", "Kitchen & Co", 40, ("onepanoscar", "ten.minute.mo", "TinyStove"), target=1.6),
    Wave("The whole year", "Kitchen & Co", 30, ("butter.ledger",), ("Autumn sale", "One-pan challenge")),
)

REMARKS: Final = (
    Remark(75, "Autumn sale opens", "Prices down **20 %** in all shops.", wave="Autumn sale"),
    Remark(64, "First snow", None, wave="Winter jackets"),
    Remark(
        VIRAL_DAYS_AGO - 5,
        "Picked up by two breakfast shows",
        "Both showed the clip with the handle on screen.\n\n- no paid reach\n- comments moderated from here on",
        creator="onepanoscar",
    ),
    Remark(LOST_DAYS_AGO, "Platform clears out inactive accounts", "Followers fall; views do not.", "the.slow.summit"),
    Remark(40, "Autumn sale ends", None, wave="Autumn sale"),
    Remark(12, "Monthly figures sent to both clients"),
)
