"""The vocabulary of questions about metrics: each phrase and what it is a sign of. Data and look-ups; no grammar.

Metrics and kinds come from the catalogue; the words of grammar are listed here. Words are compared in the
singular. What is in none of these lists, is no time and names no entity is unknown, and an unknown word is asked about.

>>> match(["click", "through", "rate", "by"], 0)
(3, Metric(keys=(('ads', 'click_rate'),)))
>>> match(["more", "than", "5"], 0)
(2, Sign(name='>'))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from headwater.analyst.words import HARMLESS, singular
from headwater.catalogue.asked import AMBIGUOUS, ASKED, Family
from headwater.tools.metric_question import Granularity, Report

Key = tuple[Family, str]


class Metric(msgspec.Struct, frozen=True):
    """One of these metrics."""

    keys: tuple[Key, ...]


class Kind(msgspec.Struct, frozen=True):
    """One of these kinds of entities or dimensions."""

    kinds: tuple[str, ...]


class Grain(msgspec.Struct, frozen=True):
    """A length of buckets; ``adverb`` where the word asks for buckets by itself, as "daily" does."""

    granularity: Granularity
    adverb: bool = False


class Sign(msgspec.Struct, frozen=True):
    """A word of grammar."""

    name: Literal[
        "best", "worst", "by", "which", "count", "list", "compare", "why", "fell", "rose", "changed", "gained",
        "trend", "and", "about", "share", "more",
        ">", ">=", "<", "<=", "=",
    ]  # fmt: skip


class About(msgspec.Struct, frozen=True):
    """A report of decisions; ``never`` where it is about offers that are never selected."""

    report: Report
    never: bool = False


class Filler(msgspec.Struct, frozen=True):
    """A word without meaning of its own."""


Meaning = Metric | Kind | Grain | Sign | About | Filler

_SIGNS: Final[Mapping[str, str]] = {
    "best": "best highest most top largest biggest greatest strongest leading maximum max",
    "worst": "worst lowest least fewest bottom smallest weakest poorest minimum min",
    "by": "by|per|for each|for every|each|every|broken down by|split by|grouped by|across|per each|separately by",
    "which": "which|what|who",
    "count": "how many|how much|number of|count of|amount of",
    "list": "list|break down|rank|ranking|leaderboard|ranked",
    "compare": "compare|compared|comparison|comparing|versus|vs|against|difference|differ|relative to|compares",
    "why": "why|reason|cause|caused|explain|because of what|how come",
    "fell": "drop|dropped|dropping|fall|fell|fallen|falling|decline|declined|declining|decrease|decreased|down|lower"
    "|shrink|shrank|worsen|worsened|go down|went down|fewer|lose|lost",
    "rose": "rise|rose|risen|rising|increase|increased|increasing|grow|grew|grown|growing|up|higher|improve|improved"
    "|go up|went up|jump|jumped",
    "gained": "gain|gained|gaining|win over",
    "changed": "growth|change|changed|changing|develop|developed|week over week|month over month|wow|mom",
    # Of a whole, which is not asked for by these words, though "shares" of videos are.
    # Of two that are named beside each other; they are shown both.
    "more": "more|better|worse|less|than",
    "share": "share of|a share of",
    "trend": "trend|trends|over time|timeline|development|day by day|time series",
    "and": "and|as well as|along with|plus|together with",
    "about": "what about|how about|and what about|and how about|now for|same for",
    ">": "more than|over|above|greater than|exceeding|higher than|better than|>|exceed|exceeded|exceeds|beyond",
    ">=": "at least|no less than|not less than|>=|minimum of|a minimum of",
    "<": "less than|under|below|fewer than|lower than|<|worse than",
    "<=": "at most|no more than|not more than|<=|up to|a maximum of",
    "=": "exactly|equal to|=",
}
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "workspace": ("workspace",),
    "campaign": ("campaign", "creator_campaign"),
    "ad campaign": ("campaign",),
    "creator campaign": ("creator_campaign",),
    "influencer campaign": ("creator_campaign",),
    "creative group": ("creative_group",),
    "group": ("creative_group",),
    "ad group": ("creative_group",),
    "creative": ("creative",),
    "ad": ("creative",),
    "ads": ("creative",),
    "banner": ("creative",),
    "advert": ("creative",),
    "domain": ("domain",),
    "site": ("domain",),
    "website domain": ("domain",),
    "publisher": ("domain",),
    "dsp": ("dsp",),
    "demand side platform": ("dsp",),
    "demand-side platform": ("dsp",),
    "project": ("project",),
    "creator": ("creator",),
    "influencer": ("creator",),
    "video": ("video",),
    "offer": ("offer",),
    "channel": ("channel",),
    "category": ("category",),
    "offer category": ("category",),
}
_GRAINS: Final[Mapping[str, Grain]] = {
    "day": Grain("day"),
    "week": Grain("week"),
    "month": Grain("month"),
    "daily": Grain("day", adverb=True),
    "weekly": Grain("week", adverb=True),
    "monthly": Grain("month", adverb=True),
}
_REPORTS: Final[Mapping[str, About]] = {
    **dict.fromkeys(("budget", "budget burn", "budget left", "remaining budget", "burn rate"), About("budgets")),
    **dict.fromkeys(("spent of the budget", "budget spent", "spent", "spend"), About("budgets")),
    **dict.fromkeys(("selection rate", "selection frequency", "often selected", "often chosen"), About("selection")),
    **dict.fromkeys(("selected", "often win", "chosen most often", "selected most often"), About("selection")),
    **dict.fromkeys(("won most often", "win most often", "most often selected", "often won"), About("selection")),
    **dict.fromkeys(("anomaly", "unusual", "out of the ordinary", "abnormal", "odd"), About("anomalies")),
    **dict.fromkeys(
        (
            *("never win", "never won", "never selected", "never get selected", "never got selected"),
            *("never chosen", "never get chosen", "never recommended", "never ranked", "never picked"),
            *("never been selected", "never been chosen", "never winning"),
        ),
        About("selection", never=True),
    ),
    **dict.fromkeys(
        (
            *("not ranked", "not selected", "not winning", "not chosen", "not recommended", "not win", "not picked"),
            *("not shown", "not being selected", "not being recommended", "not get selected", "not being chosen"),
        ),
        About("why_not_ranked"),
    ),
}
_UNSAFE: Final = frozenset({"will", "shall", "should", "needs", "names", "now", "currently", "so", "up", "other"})
"""Harmless elsewhere, but here they may speak of the future or of a condition."""
_FILLER_WORDS: Final = """
    in on for of at from with to during across within into through all any overall total sum our my
    their they them he she him her his got gets getting receive received receives made make makes had served
    serve generate generated generates bring brought brings come came comes only altogether
    figure figures number numbers stats statistics report reporting could perform performs performing
    see using summary table chart graph plot breakdown break
    happen happened achieve achieved collect collected count amount both quickly
    briefly look looking did does do m ll ve whats how it then also there anything among called named
    deliver delivers delivered
"""
_POLITE: Final = (
    "would like",
    "d like",
    "like to",
    "look like",
    "i would like",
    "i d like to",
    "in terms of",
    "how often",
    *("which one", "which ones", "the one", "the ones", "best one", "worst one", "top one", "best ones", "worst ones"),
    *("in short", "short summary", "short overview", "quick summary", "quick overview", "quick look"),
)
"""Phrases whose words mean something elsewhere: "likes" are a metric."""
_FILLERS: Final = frozenset(_FILLER_WORDS.split())


def _phrases() -> Iterator[tuple[str, Meaning]]:
    for word in (HARMLESS | _FILLERS) - _UNSAFE:
        yield word, Filler()
    for phrase in _POLITE:
        yield phrase, Filler()
    for name, phrases in _SIGNS.items():
        for phrase in phrases.split("|") if "|" in phrases else phrases.split():
            yield phrase, Sign(name)  # type: ignore[arg-type]
    yield from ((phrase, Kind(kinds)) for phrase, kinds in _KINDS.items())
    yield from _GRAINS.items()
    yield from _REPORTS.items()
    yield from _metrics()


def _metrics() -> Iterator[tuple[str, Meaning]]:
    keys: dict[str, dict[Key, None]] = {}
    for key, one in ASKED.items():
        for phrase in (one.label, one.name.replace("_", " "), *one.synonyms):
            keys.setdefault(normal(phrase), {})[key] = None
    keys |= {normal(phrase): dict.fromkeys(some) for phrase, some in AMBIGUOUS.items()}
    yield from ((phrase, Metric(tuple(some))) for phrase, some in keys.items())


def normal(phrase: str) -> str:
    """Its words in the singular and in lower case, without marks.

    >>> normal("Watched 25 %"), normal("Click-through rates")
    ('watched 25', 'click through rate')
    """
    kept = "".join(letter if letter.isalnum() or letter in "<>=" else " " for letter in phrase.casefold())
    return " ".join(singular(word) for word in kept.split())


def _collect() -> Mapping[str, Meaning]:
    found: dict[str, Meaning] = {}
    for phrase, meaning in _phrases():
        found[normal(phrase)] = meaning
    return MappingProxyType(found)


LEXICON: Final = _collect()
_LONGEST: Final = max(len(phrase.split()) for phrase in LEXICON)
VOCABULARY: Final = frozenset(word for phrase in LEXICON for word in phrase.split())
"""Every word of a phrase, in the singular."""
CONTENT: Final = frozenset(
    word for phrase, meaning in LEXICON.items() if not isinstance(meaning, Filler) for word in phrase.split()
)
"""Those that are not only fillers: what a misspelt word may have been meant to be."""


def match(words: Sequence[str], at: int) -> tuple[int, Meaning] | None:
    """The longest phrase that begins at a place (``words`` in the singular), and how many words it has."""
    for length in range(min(_LONGEST, len(words) - at), 0, -1):
        meaning = LEXICON.get(" ".join(words[at : at + length]))
        if meaning is not None:
            return length, meaning
    return None


def known_phrases(words: Iterable[str]) -> bool:
    """Whether every one of the words is in some phrase."""
    return all(word in VOCABULARY for word in words)
