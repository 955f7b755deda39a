"""Whatever is asked: no error, and either no figure or statements that read and give the answer's rows again."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from .shop import Shop

_WORDS = """how many total average most fewest top 3 2 per by each in of with without not never and or more than less
    between customers orders products categories sales freight country name list price quantity Spain Tea Sencha Ann
    2026 month year bought sold longest cheapest over under which what is the highest order 1,000 where named "Ann" ,
    order_items warehouses discontinued shipped after before since sorted descending different fax did have"""


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(_WORDS.split()), min_size=1, max_size=9).map(" ".join)))
def test_any_text_is_answered_asked_back_or_declined(shop: Shop, question: str) -> None:
    reply = asyncio.run(shop.ask(question))
    if reply.outcome == "answered":
        assert reply.table is not None
        assert [citation.query.startswith("SELECT") for citation in reply.citations] == [True]
    else:
        assert (reply.table, reply.citations) == (None, ())
        assert reply.text
