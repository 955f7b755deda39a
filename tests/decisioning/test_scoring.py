"""Every method, with figures worked out by hand; and what happens when a method fails."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from headwater.control.decisions.book import Book
from headwater.decisioning import scoring
from headwater.decisioning.board import Board
from headwater.decisioning.propensity import Propensities
from headwater.decisioning.scoring import Scored, score
from headwater.query.decisions.state import OfferRecord
from tests.decisioning.world import CARDS, LOANS, WEB, book, creative, given, offer


def scored(of: Book, method: str, records: Mapping[int, OfferRecord] | None = None, **fields: Any) -> Scored:
    """What each offer on the web channel scores."""
    return score(Board(of).choices(WEB), method, given(of, records, **fields))


class TestPriorityWeighted:
    @pytest.mark.parametrize(
        ("priority", "weight", "expected"),
        [(100, 100, 1.0), (90, 50, 0.45), (0, 100, 0.0), (75, 0, 0.0), (33, 33, 0.1089), (1, 1, 0.0001)],
    )
    def test_is_priority_times_weight(self, priority: int, weight: int, expected: float) -> None:
        one = offer(1, priority)
        assert scored(book([one], creatives=[creative(one, weight=weight)]), "priority_weighted").scores == (expected,)

    def test_does_not_look_at_what_became_of_offers(self) -> None:
        of = book([offer(1, 50)])
        assert scored(of, "priority_weighted", {1: OfferRecord(100, 100)}).scores == (0.5,)


class TestPropensity:
    def rates(self, records: Mapping[int, tuple[int, int]], *categories: int | None) -> list[float]:
        """Propensities of offers 1, 2, … in these categories."""
        offers = {number: offer(number, category=category) for number, category in enumerate(categories, 1)}
        kept = {number: OfferRecord(*record) for number, record in records.items()}
        return [round(Propensities(offers, kept).of(one), 9) for one in offers.values()]

    def test_from_fifty_impressions_an_offer_has_its_own_rate(self) -> None:
        assert self.rates({1: (50, 10)}, CARDS) == [0.2]

    def test_below_fifty_its_category_is_mixed_in(self) -> None:
        # Category: (49 + 51) impressions, (7 + 13) positive: 0.2. (7 + 10 × 0.2) ÷ 59 = 9 ÷ 59.
        assert self.rates({1: (49, 7), 2: (51, 13)}, CARDS, CARDS)[0] == round(9 / 59, 9)

    def test_an_offer_never_shown_has_its_parents_rate(self) -> None:
        assert self.rates({2: (40, 10)}, CARDS, CARDS)[0] == 0.25

    def test_the_offer_is_one_of_its_category(self) -> None:
        # Category: 20 impressions, all of them its own. (5 + 10 × 0.25) ÷ 30 = 0.25.
        assert self.rates({1: (20, 5)}, CARDS) == [0.25]

    def test_a_category_below_twenty_gives_way_to_all(self) -> None:
        # Cards: 19 impressions. All: 19 + 31 = 50, 4 + 6 = 10 positive: 0.2. (4 + 10 × 0.2) ÷ 29 = 6 ÷ 29.
        assert self.rates({1: (19, 4), 2: (31, 6)}, CARDS, LOANS)[0] == round(6 / 29, 9)

    def test_an_offer_without_category_has_all_for_parent(self) -> None:
        # All: 30 impressions, 6 positive: 0.2. (0 + 10 × 0.2) ÷ 10 = 0.2, though Cards has 0.2 and 30 of its own.
        assert self.rates({2: (30, 6)}, None, CARDS)[0] == 0.2

    def test_below_ten_in_all_a_half_is_the_parent(self) -> None:
        # (1 + 10 × 0.5) ÷ 19 = 6 ÷ 19.
        assert self.rates({1: (9, 1)}, CARDS) == [round(6 / 19, 9)]
        assert self.rates({}, CARDS, None) == [0.5, 0.5]

    def test_from_ten_in_all_their_rate_is_the_parent(self) -> None:
        # All: 10, 1: 0.1. (1 + 10 × 0.1) ÷ 20 = 0.1.
        assert self.rates({1: (10, 1)}, CARDS) == [0.1]

    def test_more_positives_than_impressions_count_as_certain(self) -> None:
        assert self.rates({1: (50, 80)}, None) == [1.0]

    def test_positives_without_impressions_are_no_rate(self) -> None:
        assert self.rates({1: (0, 30)}, CARDS) == [0.5]

    def test_offers_that_are_gone_still_count_for_all(self) -> None:
        assert self.rates({99: (100, 30)}, None) == [0.3]

    def test_the_method_scores_by_it(self) -> None:
        assert scored(book([offer(1)]), "propensity", {1: OfferRecord(50, 10)}).scores == (0.2,)


class TestFormula:
    RECORDS: Mapping[int, OfferRecord] = {1: OfferRecord(100, 25)}

    def test_is_the_product_of_powers(self) -> None:
        # 0.25^0.4 × 0.5^0.2 × 0.81^0.3 × 0.64^0.1: logarithms (natural) −0.554518 −0.138629 −0.063216 −0.044629
        # make −0.800992, whose power of e is 0.448883.
        of = book([offer(1, 64, business_value=81.0)])
        (own,) = scored(of, "formula", self.RECORDS, attributes={"relevance": {"off_1": 0.5}}).scores
        assert own == pytest.approx(0.448883, abs=1e-5)

    def test_relevance_is_one_where_the_caller_gives_none(self) -> None:
        # 0.25^0.5 × 1^0.5 × 1 × 1 = 0.5.
        weights = {"propensity": 0.5, "relevance": 0.5, "impact": 0.0, "emphasis": 0.0}
        of = book([offer(1, 64)])
        several: list[dict[str, Any]] = [{}, {"relevance": None}, {"relevance": {}}, {"relevance": {"off_2": 0.1}}]
        for attributes in several:
            assert scored(of, "formula", self.RECORDS, weights=weights, attributes=attributes).scores == (0.5,)

    def test_weights_are_the_flows(self) -> None:
        # 0.25^1 × 0.4^2 × 0.81^0.5 × 0.64^0.5 = 0.25 × 0.16 × 0.9 × 0.8 = 0.0288.
        weights = {"propensity": 1.0, "relevance": 2.0, "impact": 0.5, "emphasis": 0.5}
        of = book([offer(1, 64, business_value=81.0)])
        found = scored(of, "formula", self.RECORDS, weights=weights, attributes={"relevance": {"off_1": 0.4}})
        assert found.scores == (0.0288,)

    def test_a_factor_of_nothing_makes_nothing_unless_it_has_no_weight(self) -> None:
        of = book([offer(1, 64, business_value=0.0)])
        assert scored(of, "formula", self.RECORDS).scores == (0.0,)
        weights = {"propensity": 0.5, "relevance": 0.0, "impact": 0.0, "emphasis": 0.0}
        assert scored(of, "formula", self.RECORDS, weights=weights).scores == (0.5,)

    def test_more_than_certain_is_certain(self) -> None:
        of = book([offer(1, 100, business_value=100.0)])
        assert scored(of, "formula", self.RECORDS, attributes={"relevance": {"off_1": 10_000}}).scores == (1.0,)


class TestThompsonBandit:
    def test_draws_from_a_beta_of_what_became_of_offers(self) -> None:
        of = book([offer(1), offer(2)])
        records = {1: OfferRecord(10, 4)}
        random = Random(7)
        expected = tuple(round(random.betavariate(*shape), 9) for shape in ((5, 7), (1, 1)))
        assert scored(of, "thompson_bandit", records, seed=7).scores == expected

    def test_draws_anew_each_time(self) -> None:
        of = book([offer(1)])
        source = given(of, {1: OfferRecord(10, 4)})
        draws = [score(Board(of).choices(WEB), "thompson_bandit", source).scores[0] for _ in range(2_000)]
        # The mean of Beta(5, 7) is 5 ÷ 12, its standard deviation 0.137: the mean of 2,000 is within 0.01.
        assert fmean(draws) == pytest.approx(5 / 12, abs=0.01)
        assert len(set(draws)) > 1_900

    def test_more_positives_than_impressions_leave_no_others(self) -> None:
        of, random = book([offer(1)]), Random(3)
        found = scored(of, "thompson_bandit", {1: OfferRecord(2, 5)}, seed=3).scores
        assert found == (round(random.betavariate(6, 1), 9),)


class TestFailure:
    FALLBACK = (0.9, 0.4)

    def book(self) -> Book:
        return book([offer(1, 90, business_value=50.0), offer(2, 40, business_value=50.0)])

    @pytest.mark.parametrize(
        "attributes",
        [
            {"relevance": {"off_2": "much"}},
            {"relevance": {"off_2": -1}},
            {"relevance": {"off_2": True}},
            {"relevance": {"off_2": None}},
            {"relevance": [1]},
            {"relevance": {"off_2": 10**400}},
        ],
    )
    def test_what_cannot_be_scored_makes_all_fall_back(self, attributes: dict[str, Any]) -> None:
        found = scored(self.book(), "formula", attributes=attributes)
        assert (found.scores, found.method, found.degraded) == (self.FALLBACK, "priority_weighted", True)
        assert found.failure

    @pytest.mark.parametrize("wrong", [float("nan"), None, "0.5", 1j, ZeroDivisionError(), KeyError("x")])
    def test_a_method_that_fails_makes_all_fall_back(self, monkeypatch: pytest.MonkeyPatch, wrong: Any) -> None:
        def broken(choice: Any, _: Any) -> Any:
            if choice.offer.number == 1:
                return 0.5
            if isinstance(wrong, Exception):
                raise wrong
            return wrong

        monkeypatch.setattr(scoring, "METHODS", {**scoring.METHODS, "propensity": broken})
        found = scored(self.book(), "propensity")
        assert (found.scores, found.method, found.degraded) == (self.FALLBACK, "priority_weighted", True)

    def test_weights_that_divide_by_nothing_make_all_fall_back(self) -> None:
        weights = {"propensity": 0.4, "relevance": 0.2, "impact": -1.0, "emphasis": 0.1}
        of = book([offer(1, 90), offer(2, 40)])
        assert scored(of, "formula", weights=weights).scores == self.FALLBACK

    def test_a_method_that_nobody_knows_falls_back(self) -> None:
        assert scored(self.book(), "crystal_ball").degraded

    def test_the_default_never_falls_back(self) -> None:
        assert not scored(self.book(), "priority_weighted", attributes={"relevance": 1}).degraded


counts = st.tuples(st.integers(0, 200), st.integers(0, 220)).map(lambda pair: OfferRecord(*pair))


@examples(
    st.sampled_from(sorted(scoring.METHODS)),
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100), st.floats(0, 1000), counts), max_size=6),
    st.dictionaries(st.sampled_from(["off_1", "off_2"]), st.floats(0, 1e6)),
)
def test_every_score_is_a_fraction_in_whole_billionths(
    method: str, rows: list[tuple[int, int, float, OfferRecord]], relevance: dict[str, float]
) -> None:
    offers = [offer(number, row[0], business_value=row[2]) for number, row in enumerate(rows, 1)]
    of = book(offers, creatives=[creative(one, weight=row[1]) for one, row in zip(offers, rows, strict=True)])
    records = {number: row[3] for number, row in enumerate(rows, 1)}
    found = scored(of, method, records, attributes={"relevance": relevance})
    assert not found.degraded
    assert all(0 <= one <= 1 and round(one * 10**9) / 10**9 == one for one in found.scores)
