"""People can be removed whatever they made."""

from __future__ import annotations

import headwater.control.creators.models
import headwater.control.members.models
import headwater.control.outlets.models
import headwater.control.saved_reports.models  # noqa: F401 - the tables that only surfaces use
from headwater.control.record import Record

# Taken care of by ``Members.remove``.
_SEEN_TO = {"api_key.user_id", "cookie_session.user_id", "refresh_token.user_id", "saved_report.created_by"}


def test_whatever_points_at_a_person_says_what_becomes_of_it_when_they_go() -> None:
    left = {
        str(key.parent): key.ondelete
        for table in Record.metadata.tables.values()
        for key in table.foreign_keys
        if key.target_fullname == "user.id" and str(key.parent) not in _SEEN_TO
    }
    assert left, "the search finds nothing"
    assert [column for column, becomes in left.items() if becomes not in ("CASCADE", "SET NULL")] == []
