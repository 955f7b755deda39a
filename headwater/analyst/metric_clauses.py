"""The clauses of a question: bounds, superlatives, what it is broken down by, buckets of time. Pure.

``Clauses`` remembers which items have played a part, so that the rest can be asked about.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from headwater.analyst.metric_intent import Unclear
from headwater.analyst.metric_lexicon import Filler, Grain, Sign
from headwater.analyst.metric_names import Names
from headwater.analyst.metric_reading import Amount, Entity, Item, Reading
from headwater.analyst.times import Time
from headwater.analyst.words import singular
from headwater.catalogue.asked import ASKED, LOWER_IS_BETTER
from headwater.catalogue.series import PERCENT
from headwater.tools.metric_question import Granularity, Having

Direction = Literal["desc", "asc"]
_OPS: Final = (">", ">=", "<", "<=", "=")
_SEVERAL: Final = 5
"""How many rows "the best creatives" are where no number is said."""
_JUDGING: Final = frozenset({"best", "worst", "top", "bottom"})
_ALWAYS: Final = ("and", "about", "which", "list", "count")
"""Signs whose part is only to open something."""


class Bounded(msgspec.Struct, frozen=True):
    """A bound of a metric and the places that say it."""

    having: Having
    places: tuple[int, ...]


class Clauses:
    """A question's items, what their names mean, and which of them have played a part."""

    def __init__(self, reading: Reading, items: tuple[Item, ...], names: Names) -> None:
        self.reading = reading
        self.items = items
        self.names = names
        self.used: set[int] = {
            at for at, item in enumerate(items) if isinstance(item.meaning, Filler | Time) or at in names.apposed
        }
        self.used.update(self.signs(*_ALWAYS))

    def signs(self, *names: str) -> list[int]:
        """The places of these signs."""
        found = enumerate(self.items)
        return [at for at, item in found if isinstance(item.meaning, Sign) and item.meaning.name in names]

    def take(self, *names: str) -> bool:
        """Whether any of these signs is there; they have played their part."""
        places = self.signs(*names)
        self.used.update(places)
        return bool(places)

    def left(self) -> list[Item]:
        """What has played no part."""
        return [item for at, item in enumerate(self.items) if at not in self.used]

    def bounds(self) -> list[Bounded]:
        """Every "more than 1,000 impressions"; the metric stands behind the number, or before the comparison."""
        found = []
        for at in self.signs(*_OPS):
            amount = self._next(at, 1)
            if amount is None or not isinstance(self.items[amount].meaning, Amount):
                continue
            behind, before = self._next(amount, 1), self._next(at, -1)
            metric = next((place for place in (behind, before) if place in self.names.metrics), None)
            if metric is None:
                raise Unclear(f"'{self.items[at].text} {self.items[amount].text}' of which metric?")
            found.append(self._bounded(at, amount, metric))
        return found

    def _bounded(self, at: int, amount: int, metric: int) -> Bounded:
        sign, number = self.items[at].meaning, self.items[amount].meaning
        if not isinstance(sign, Sign) or not isinstance(number, Amount):
            raise TypeError("A bound is a comparison and a number.")
        unit = ASKED[self.names.family, self.names.metrics[metric]].unit
        if number.percent and unit != PERCENT:
            raise Unclear(f"'{self.items[amount].text}' of {self.items[metric].text}: that metric has no percent.")
        places = (at, amount, metric)
        self.used.update(places)
        having = Having(self.names.metrics[metric], sign.name, number.value)  # type: ignore[arg-type]
        return Bounded(having, places)

    def direction(self) -> Direction | None:
        """Whether the most or the least is wanted; None where neither is."""
        best, worst = self.signs("best"), self.signs("worst")
        if best and worst:
            raise Unclear("The most and the least at once: ask about one after the other.")
        self.used.update((*best, *worst))
        return "desc" if best else "asc" if worst else None

    def ordering(self) -> str | None:
        """The metric that a superlative or "by" is about: the next one behind it, else the last before."""
        places = sorted(self.names.metrics)
        by = [at for at in self.signs("by") if self._next(at, 1) in places]
        marks = [*self.signs("best", "worst"), *by]
        if not marks or not places:
            return None
        mark = max(by) if by else min(marks)
        metric = next((at for at in places if at > mark), places[-1])
        name = self.names.metrics[metric]
        judged = {self.items[at].phrase for at in self.signs("best", "worst")} & _JUDGING
        if judged and (self.names.family, name) in LOWER_IS_BETTER:
            raise Unclear(f"Is more {self.items[metric].text} better or worse? Ask for the highest or the lowest.")
        return name

    def limit(self, direction: Direction | None, ranked: int | None) -> int | None:
        """How many rows are wanted: a number beside a superlative, one for a singular, else a few."""
        if direction is None:
            return None
        for at in self.signs("best", "worst"):
            for place in (self._next(at, 1), self._next(at, -1)):
                if place is None or place in self.used or not isinstance(self.items[place].meaning, Amount):
                    continue
                number = self.items[place].meaning
                if (
                    isinstance(number, Amount)
                    and not (number.ordinal or number.percent)
                    and number.value in range(1, 101)
                ):
                    self.used.add(place)
                    return int(number.value)
        if ranked is None:
            return 1
        last = self.items[ranked].text.split()[-1].casefold()
        return 1 if singular(last) == last else _SEVERAL

    def kind(self, *, ranked: bool, marked: bool) -> tuple[str | None, int | None]:
        """What the rows are of, and where it is said.

        A kind is that behind "by" or "which", before the metric, or wherever something is ranked or
        ``marked`` otherwise; placements are nothing that could be totalled.
        """
        places = [at for at in self.names.kinds if at not in self.names.apposed]
        if len({self.names.kinds[at] for at in places}) > 1:
            named = " and ".join(f"'{self.items[at].text}'" for at in places)
            raise Unclear(f"I can answer for {named} one after the other: which first?")
        for at in places:
            kind = self.names.kinds[at]
            first_metric = min(self.names.metrics, default=at + 1)
            opened = self.opened(at, "by", "which", "list")
            if ranked or marked or opened or at < first_metric or kind in ("domain", "dsp"):
                self.used.update(places)
                return kind, at
        return None, None

    def granularity(self, *, ranked: bool, days: int) -> tuple[Granularity | None, int | None]:
        """The buckets that are wanted, and where a day, week or month is ranked."""
        asked: dict[Granularity, int] = {}
        for at, item in enumerate(self.items):
            if isinstance(item.meaning, Grain) and (
                item.meaning.adverb or self.opened(at, "by") or (ranked and self.opened(at, "which", "best", "worst"))
            ):
                asked[item.meaning.granularity] = at
                self.used.add(at)
        if len(asked) > 1:
            raise Unclear("By day, by week or by month: which of them?")
        trend = self.take("trend")
        for grain, at in asked.items():
            return grain, at if ranked and not self.opened(at, "by") else None
        return (("day" if days <= 35 else "week" if days <= 200 else "month") if trend else None), None

    def orders(self, *, rows: bool) -> None:
        """ "by" before a kind or a bucket has played its part; before a metric it orders ``rows``.

        "Per" before a metric asks for a ratio, which is none that is declared.
        """
        for at in self.signs("by"):
            behind = self._next(at, 1)
            if behind is None:
                continue
            orders = rows and behind in self.names.metrics and self.items[at].text.casefold() == "by"
            if orders or behind in self.names.kinds or isinstance(self.items[behind].meaning, Grain | Entity):
                self.used.add(at)

    def opened(self, at: int, *names: str) -> bool:
        """Whether one of these signs stands before an item, fillers, numbers and superlatives aside."""
        place = self._next(at, -1)
        while place is not None and place not in self.signs(*names):
            if place not in self.signs("best", "worst") and not self._is_amount(place):
                return False
            place = self._next(place, -1)
        return place is not None

    def _is_amount(self, at: int) -> bool:
        return isinstance(self.items[at].meaning, Amount)

    def _next(self, at: int, step: int) -> int | None:
        """The place of the next item in a direction, fillers aside."""
        place = at + step
        while 0 <= place < len(self.items):
            if not isinstance(self.items[place].meaning, Filler):
                return place
            place += step
        return None
