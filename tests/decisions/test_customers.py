"""Rows about a customer, as the values that deciding reads."""

from __future__ import annotations

from datetime import datetime

from headwater.query.decisions.compile import CONTACT, MEMBER, SUPPRESSION
from headwater.query.decisions.customers import customer_state
from headwater.query.decisions.state import Contact, CustomerState, Suppression

AT = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - facts' times


def test_each_kind_of_row_is_told_apart() -> None:
    rows = [
        (CONTACT, "c1", 1, 21, AT, 2, "", None, 0),
        (SUPPRESSION, "c1", 0, 22, AT, 0, "opt_out", None, 0),
        (MEMBER, "c1", 0, 0, None, 0, "", None, 41),
    ]
    contact = Contact(1, 21, AT)
    expected = CustomerState((contact, contact), (Suppression(0, 22, "opt_out"),), frozenset((41,)))
    assert customer_state(rows, "c1") == expected


def test_a_customer_whose_key_is_the_same_is_somebody_else() -> None:
    assert customer_state([(CONTACT, "c2", 1, 21, AT, 1, "", None, 0)], "c1") == CustomerState()
