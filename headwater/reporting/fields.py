"""What a report that is to be kept or tried out may say, by every way in which it is said. Pure.

The control plane keeps a report's fields as texts; which metrics, periods and charts there are is known here.

>>> asked = ReportFields(name="n", workspace_id=1, resource="creative", ids=(3, 3), metrics=("plays",), relative=None)
>>> checked(asked).ids, checked(asked).relative
((3,), 'last_30_days')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from headwater.catalogue.ads import AD_EVENTS
from headwater.control.saved_reports.service import ReportFields
from headwater.errors import InvalidRequest
from headwater.kit.suggest import did_you_mean
from headwater.query.window import parse_window

DEFAULT_PERIOD: Final = "last_30_days"


def checked(fields: ReportFields) -> ReportFields:
    """The fields with each id once and a period; ``InvalidRequest`` for metrics or times that cannot be asked."""
    checked_metrics(fields.metrics, "metrics")
    if (fields.time_from is None) != (fields.time_to is None):
        missing = "time_to" if fields.time_to is None else "time_from"
        raise InvalidRequest(f"'{missing}' is required with the other one.", field=missing, allowed="both times")
    if fields.time_from is not None and fields.relative is not None:
        raise InvalidRequest(
            "Give either 'time_from' and 'time_to' or 'relative', not both.", field="relative", allowed="one of them"
        )
    parse_window(fields.time_from, fields.time_to)
    relative = fields.relative if fields.time_from is not None else fields.relative or DEFAULT_PERIOD
    return msgspec.structs.replace(fields, relative=relative, ids=tuple(dict.fromkeys(fields.ids)))


def checked_metrics(names: Sequence[str], field: str) -> tuple[str, ...]:
    """``names`` if they are all of ad events; components' metrics are flow's alone."""
    allowed = [*AD_EVENTS.groups["base"], *AD_EVENTS.groups]
    for name in names:
        if name not in allowed:
            raise InvalidRequest(
                f"Unknown metric '{name[:64]}'.{did_you_mean(name, allowed)}", field=field, allowed=allowed
            )
    return tuple(names)
