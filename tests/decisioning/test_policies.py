"""Each contact policy in each scope, at its edges; suppressions; and which of several names the reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from headwater.control.decisions.book import Policy
from headwater.decisioning.board import Board
from headwater.query.decisions.state import Contact, CustomerState, Suppression
from tests.decisioning.world import (
    CARDS,
    CREDIT,
    LOANS,
    MAIL,
    NOW,
    WEB,
    ago,
    book,
    contacts,
    decided,
    fates,
    of,
    offer,
    policy,
)

OFFERS = [offer(1, 90, category=CARDS), offer(2, 80, category=CREDIT), offer(3, 70, category=LOANS), offer(4, 60)]


def held_back(
    policies: Iterable[Policy], had: Iterable[Contact] = (), suppressions: Iterable[Suppression] = (), **fields: Any
) -> dict[int, str]:
    """Which offers are held back, and by what."""
    state = CustomerState(tuple(had), tuple(suppressions))
    decision = decided(book(OFFERS, policies), state, **fields)
    return {number: why for number, (fate, why) in fates(decision).items() if fate == "held_back"}


def cap(most: int = 1, days: float = 7, rule_type: str = "frequency_cap", **fields: Any) -> Policy:
    return policy(1, rule_type, {"maxContacts": most, "windowDays": days}, **fields)


def every(rule_type: str) -> dict[int, str]:
    return dict.fromkeys((1, 2, 3, 4), rule_type)


class TestFrequencyCap:
    def test_counts_impressions_of_all_offers_on_the_requests_channel(self) -> None:
        assert held_back([cap(2)], contacts(1, WEB, 1) + contacts(9, WEB, 2)) == every("frequency_cap")
        assert held_back([cap(2)], contacts(1, WEB, 1) + contacts(9, MAIL, 2), limit=1) == {}

    @pytest.mark.parametrize(("at", "counts"), [(ago(days=7), False), (ago(days=6.999), True), (NOW, True)])
    def test_counts_within_the_window_alone(self, at: datetime, counts: bool) -> None:
        assert held_back([cap(1)], [Contact(1, WEB, at)], limit=1) == (every("frequency_cap") if counts else {})

    def test_counts_what_is_dated_later(self) -> None:
        assert held_back([cap(1)], [Contact(1, WEB, NOW + timedelta(hours=1))]) == every("frequency_cap")

    def test_takes_parts_of_days(self) -> None:
        assert held_back([cap(1, days=0.5)], contacts(1, WEB, 11.9)) == every("frequency_cap")
        assert held_back([cap(1, days=0.5)], contacts(1, WEB, 12.1), limit=1) == {}

    def test_none_at_all_closes_the_scope(self) -> None:
        assert held_back([cap(0)]) == every("frequency_cap")

    def test_of_an_offer_counts_and_holds_back_that_offer(self) -> None:
        of_one = cap(2, scope="offer", target=1)
        assert held_back([of_one], contacts(1, WEB, 1, 2) + contacts(2, WEB, 1)) == {1: "frequency_cap"}
        assert held_back([of_one], contacts(1, WEB, 1) + contacts(2, WEB, 1, 2)) == {}

    def test_of_a_category_counts_its_offers_and_those_below(self) -> None:
        of_cards = cap(2, scope="category", target=CARDS)
        had = contacts(1, WEB, 1) + contacts(2, WEB, 1)
        assert held_back([of_cards], had) == {1: "frequency_cap", 2: "frequency_cap"}
        assert held_back([of_cards], contacts(1, WEB, 1) + contacts(3, WEB, 1, 2), limit=1) == {}

    def test_of_a_category_leaves_those_above_alone(self) -> None:
        assert held_back([cap(1, scope="category", target=CREDIT)], contacts(2, WEB, 1)) == {2: "frequency_cap"}

    def test_of_a_channel_holds_on_that_channel(self) -> None:
        on_web = cap(1, scope="channel", target=WEB)
        assert held_back([on_web], contacts(1, WEB, 1)) == every("frequency_cap")
        assert held_back([on_web], contacts(1, WEB, 1), channel=MAIL) == {}

    def test_lets_no_more_through_than_it_has_room_for(self) -> None:
        assert held_back([cap(3)], contacts(1, WEB, 1)) == {3: "frequency_cap", 4: "frequency_cap"}

    def test_holds_nothing_back_that_the_answer_has_no_room_for_anyway(self) -> None:
        assert held_back([cap(3)], contacts(1, WEB, 1), limit=2) == {}


class TestCrossChannelCap:
    def test_counts_on_all_channels(self) -> None:
        across = cap(2, rule_type="cross_channel_cap")
        assert held_back([across], contacts(1, WEB, 1) + contacts(9, MAIL, 2)) == every("cross_channel_cap")
        assert held_back([across], contacts(1, WEB, 1), limit=1) == {}

    def test_of_an_offer_counts_that_offer_on_all_channels(self) -> None:
        across = cap(2, rule_type="cross_channel_cap", scope="offer", target=3)
        assert held_back([across], contacts(3, WEB, 1) + contacts(3, MAIL, 2)) == {3: "cross_channel_cap"}

    def test_of_a_channel_asks_on_that_channel_what_came_on_any(self) -> None:
        across = cap(1, rule_type="cross_channel_cap", scope="channel", target=WEB)
        assert held_back([across], contacts(1, MAIL, 1)) == every("cross_channel_cap")
        assert held_back([across], contacts(1, MAIL, 1), channel=MAIL) == {}


class TestCooldown:
    @pytest.mark.parametrize(("hours", "waits"), [(23.9, True), (24, False), (0, True), (-1, True)])
    def test_waits_since_the_last_contact(self, hours: float, waits: bool) -> None:
        one = policy(1, "cooldown", {"cooldownHours": 24})
        assert held_back([one], contacts(9, MAIL, hours, 100)) == (every("cooldown") if waits else {})

    def test_of_an_offer_waits_for_that_offer_on_any_channel(self) -> None:
        one = policy(1, "cooldown", {"cooldownHours": 24}, scope="offer", target=2)
        assert held_back([one], contacts(2, MAIL, 1) + contacts(3, WEB, 1)) == {2: "cooldown"}

    def test_of_a_category_waits_for_its_offers(self) -> None:
        one = policy(1, "cooldown", {"cooldownHours": 24}, scope="category", target=CARDS)
        assert held_back([one], contacts(2, MAIL, 1)) == {1: "cooldown", 2: "cooldown"}

    def test_of_a_channel_waits_for_contacts_on_that_channel(self) -> None:
        one = policy(1, "cooldown", {"cooldownHours": 24}, scope="channel", target=WEB)
        assert held_back([one], contacts(1, MAIL, 1)) == {}
        assert held_back([one], contacts(1, WEB, 1)) == every("cooldown")
        assert held_back([one], contacts(1, WEB, 1), channel=MAIL) == {}

    def test_does_not_count_what_goes_out_at_one_moment(self) -> None:
        assert held_back([policy(1, "cooldown", {"cooldownHours": 24})]) == {}


class TestTimeWindow:
    # 2026-03-02 is a Monday.
    @pytest.mark.parametrize(
        ("config", "at", "inside"),
        [
            ({"days": [3], "startHour": 9, "endHour": 17}, "2026-03-04 09:00", True),
            ({"days": [3], "startHour": 9, "endHour": 17}, "2026-03-04 16:59", True),
            ({"days": [3], "startHour": 9, "endHour": 17}, "2026-03-04 17:00", False),
            ({"days": [3], "startHour": 9, "endHour": 17}, "2026-03-04 08:59", False),
            ({"days": [3], "startHour": 9, "endHour": 17}, "2026-03-05 09:00", False),
            ({"days": [1, 7], "startHour": 0, "endHour": 24}, "2026-03-01 23:59", True),
            ({"days": [1, 7], "startHour": 0, "endHour": 24}, "2026-03-02 00:00", True),
            ({"days": [1, 7], "startHour": 0, "endHour": 24}, "2026-03-03 00:00", False),
            ({"startHour": 9, "endHour": 17}, "2026-03-07 12:00", True),
            ({"days": [6]}, "2026-03-07 23:59", True),
            ({"days": [5], "startHour": 22, "endHour": 6}, "2026-03-06 22:00", True),
            ({"days": [5], "startHour": 22, "endHour": 6}, "2026-03-07 05:59", True),
            ({"days": [5], "startHour": 22, "endHour": 6}, "2026-03-07 06:00", False),
            ({"days": [5], "startHour": 22, "endHour": 6}, "2026-03-06 05:00", False),
            ({"days": [5], "startHour": 22, "endHour": 6}, "2026-03-07 22:00", False),
            ({"days": [5], "startHour": 8, "endHour": 8}, "2026-03-07 07:59", True),
            ({"days": [5], "startHour": 8, "endHour": 8}, "2026-03-07 08:00", False),
        ],
    )
    def test_sends_inside(self, config: dict[str, Any], at: str, inside: bool) -> None:
        now = datetime.fromisoformat(at)
        assert held_back([policy(1, "time_window", config)], now=now) == ({} if inside else every("time_window"))

    def test_of_an_offer_closes_that_offer(self) -> None:
        one = policy(1, "time_window", {"days": [1]}, scope="offer", target=4)
        assert held_back([one]) == {4: "time_window"}


class TestMutualExclusion:
    def test_only_the_best_ranked_is_left(self) -> None:
        one = policy(1, "mutual_exclusion", {"offerIds": ["off_2", "off_3", "off_4", "off_unknown"]})
        decision = decided(book(OFFERS, [one]))
        assert fates(decision) == {
            1: ("selected", ""),
            2: ("selected", ""),
            3: ("held_back", "mutual_exclusion"),
            4: ("held_back", "mutual_exclusion"),
        }
        assert [of(decision, number).rank for number in (1, 2, 3, 4)] == [1, 2, None, None]

    def test_the_best_ranked_is_left_even_where_it_is_not_selected(self) -> None:
        one = policy(1, "mutual_exclusion", {"offerIds": ["off_2", "off_3"]})
        decision = decided(book(OFFERS, [one]), limit=1)
        assert fates(decision)[2] == ("ranked", "")
        assert fates(decision)[3] == ("held_back", "mutual_exclusion")

    def test_an_offer_that_is_out_excludes_nobody(self) -> None:
        one = policy(1, "mutual_exclusion", {"offerIds": ["off_1", "off_2"]})
        assert held_back([one], suppressions=[Suppression(1, 0, "dismiss")]) == {1: "dismiss"}
        assert held_back([one], excluded=[1]) == {}

    def test_holds_within_its_scope(self) -> None:
        of_cards = policy(
            1, "mutual_exclusion", {"offerIds": ["off_1", "off_2", "off_3"]}, scope="category", target=CARDS
        )
        assert held_back([of_cards]) == {2: "mutual_exclusion"}
        on_mail = policy(1, "mutual_exclusion", {"offerIds": ["off_1", "off_2"]}, scope="channel", target=MAIL)
        assert held_back([on_mail]) == {}
        assert held_back([on_mail], channel=MAIL) == {2: "mutual_exclusion"}

    def test_one_that_a_cap_held_back_excludes_nobody(self) -> None:
        policies = [
            cap(1, scope="category", target=CARDS),
            policy(2, "mutual_exclusion", {"offerIds": ["off_2", "off_3"]}),
        ]
        assert held_back(policies) == {2: "frequency_cap"}


class TestSuppressions:
    def test_of_everything_on_every_channel(self) -> None:
        assert held_back([], suppressions=[Suppression(0, 0, "opt_out", ago(days=-90))]) == every("opt_out")

    def test_of_an_offer_or_a_channel(self) -> None:
        assert held_back([], suppressions=[Suppression(2, 0, "dismiss")]) == {2: "dismiss"}
        assert held_back([], suppressions=[Suppression(0, MAIL, "legal")]) == {}
        assert held_back([], suppressions=[Suppression(0, MAIL, "legal")], channel=MAIL) == every("legal")
        assert held_back([], suppressions=[Suppression(2, WEB, "legal")]) == {2: "legal"}

    @pytest.mark.parametrize(("ends", "holds"), [(NOW, False), (NOW + timedelta(microseconds=1), True), (None, True)])
    def test_until_it_expires(self, ends: datetime | None, holds: bool) -> None:
        found = held_back([], suppressions=[Suppression(1, 0, "dismiss", ends)])
        assert found == ({1: "dismiss"} if holds else {})

    def test_the_longest_names_the_reason_in_whatever_order_they_come(self) -> None:
        several = [
            Suppression(1, 0, "dismiss", ago(days=-7)),
            Suppression(1, 0, "accept", ago(days=-14)),
            Suppression(1, 0, "zeal", ago(days=-14)),
        ]
        assert held_back([], suppressions=several) == held_back([], suppressions=several[::-1]) == {1: "accept"}
        assert held_back([], suppressions=[*several, Suppression(1, 0, "legal")]) == {1: "legal"}

    def test_one_without_a_type_says_so(self) -> None:
        assert held_back([], suppressions=[Suppression(3, 0, "")]) == {3: "suppressed"}

    def test_comes_before_policies(self) -> None:
        assert held_back([cap(0, priority=100)], suppressions=[Suppression(3, 0, "dismiss")])[3] == "dismiss"


class TestOrder:
    def test_the_policy_of_the_highest_priority_names_the_reason(self) -> None:
        low = policy(1, "cooldown", {"cooldownHours": 24}, priority=10)
        high = policy(2, "frequency_cap", {"maxContacts": 1, "windowDays": 7}, priority=20)
        assert held_back([low, high], contacts(1, WEB, 1)) == every("frequency_cap")

    def test_of_equals_the_oldest_does(self) -> None:
        first = policy(1, "cooldown", {"cooldownHours": 24})
        second = policy(2, "frequency_cap", {"maxContacts": 1, "windowDays": 7})
        assert held_back([second, first], contacts(1, WEB, 1)) == every("cooldown")

    @pytest.mark.parametrize("fields", [{"status": "paused"}, {"status": "draft"}, {"archived": True}])
    def test_a_policy_that_is_not_active_does_not_hold(self, fields: dict[str, Any]) -> None:
        fields = {"status": "active", **fields}
        one = Policy(1, "p", "P", rule_type="frequency_cap", config={"maxContacts": 0, "windowDays": 1}, **fields)
        assert held_back([one]) == {}


def test_a_board_knows_how_far_back_contacts_matter() -> None:
    policies = [
        cap(1, days=3),
        policy(2, "cooldown", {"cooldownHours": 100}),
        policy(3, "time_window", {"days": [1]}),
        policy(4, "mutual_exclusion", {"offerIds": ["off_1"]}),
    ]
    assert Board(book(OFFERS, policies)).window == timedelta(hours=100)
    assert Board(book(OFFERS, policies[2:])).window == timedelta(0)


def test_a_window_of_ages_is_no_error() -> None:
    policies = [cap(1, days=10**9), policy(2, "cooldown", {"cooldownHours": 10**12})]
    board = Board(book(OFFERS, policies))
    assert board.window == timedelta(days=36_500)
    assert held_back(policies, contacts(1, WEB, 24 * 365 * 50)) == every("frequency_cap")
