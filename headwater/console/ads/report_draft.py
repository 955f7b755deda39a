"""A report while it is being built: as the builder's address has it, as a saved report, and back. Pure.

>>> draft = Draft(workspace=1, ids=[3], metrics=["plays"], period="custom", frm="2026-11-01", to="2026-11-07")
>>> fields(draft, "Plays").time_from, read(address(draft)) == draft
('2026-11-01', True)
"""

from __future__ import annotations

from datetime import time
from typing import Any, Final, Literal, get_args
from urllib.parse import urlencode

import msgspec
from msgspec import field

from headwater.catalogue.ads import AD_EVENTS
from headwater.control.saved_reports.models import SavedReport
from headwater.control.saved_reports.service import ReportFields
from headwater.errors import InvalidRequest
from headwater.query.window import Window
from headwater.reporting.fields import checked
from headwater.surfaces._http.params import parse_query
from headwater.tools.metric_days import DAY
from headwater.tools.metric_question import Entities, MetricQuestion, Period

Resource = Literal["campaign", "creative_group", "creative"]
PeriodName = Literal["last_7_days", "last_30_days", "this_month", "previous_month", "lifetime", "custom"]
Frame = Literal["hour", "day", "week", "month"]
By = Literal["none", "creative", "domain", "dsp"]
Drawing = Literal["line", "bar", "area", "table"]
FORMATS: Final = ("csv", "xlsx", "json", "png", "svg", "pdf")
METRICS: Final = tuple((name, AD_EVENTS.metric(name)) for name in AD_EVENTS.groups["base"])
MIDNIGHT: Final = time()
MOST_IDS: Final = 1000
_MOST_NAMED: Final = 4
_PICKED: Final = {"id": "thing that the report is about", "metric": "metric"}
_WORDS: Final = {
    "creative_group": "Creative groups",
    "last_7_days": "Last 7 days",
    "last_30_days": "Last 30 days",
    "lifetime": "All time",
    "custom": "Days of my own",
    "none": "Nothing",
    "dsp": "DSP",
}


class Draft(msgspec.Struct, frozen=True):
    """The builder's fields; days are texts, for what is half typed is a draft, too. ``workspace`` 0 is the first."""

    workspace: int = 0
    resource: Resource = "campaign"
    ids: list[int] = field(name="id", default_factory=list)
    metrics: list[str] = field(name="metric", default_factory=list)
    period: PeriodName = "last_30_days"
    frm: str = field(name="from", default="")
    to: str = ""
    time_frame: Frame = "day"
    breakdown: By = "none"
    chart: Drawing = "line"


def options(of: Any, *, plural: bool = False) -> list[tuple[str, str]]:
    """The values of a choice, and what people call them.

    >>> options(By)[:2], options(Resource, plural=True)[0]
    ([('none', 'Nothing'), ('creative', 'Creative')], ('campaign', 'Campaigns'))
    """
    ending = "s" if plural else ""
    return [(value, _WORDS.get(value) or value.replace("_", " ").capitalize() + ending) for value in get_args(of)]


def address(draft: Draft) -> str:
    """The draft as a query string."""
    return urlencode(msgspec.to_builtins(draft), doseq=True)


def read(text: str) -> Draft:
    """The draft of a query string; ``InvalidRequest`` names what cannot be one."""
    try:
        return parse_query(text.encode("ascii"), Draft, refuse_unknown=False)
    except UnicodeEncodeError:
        raise InvalidRequest("The report's settings are not percent-encoded.", field="draft") from None


def of_report(report: SavedReport) -> Draft:
    """A saved report as a draft; its columns are texts that only these values were let into."""
    values = {
        "workspace": report.workspace_id,
        "resource": report.resource,
        "id": report.ids,
        "metric": list(AD_EVENTS.groups["base"]) if "base" in report.metrics else report.metrics,
        "period": report.relative or "custom",
        "from": report.time_from or "",
        "to": report.time_to or "",
        "time_frame": report.time_frame,
        "breakdown": report.breakdown,
        "chart": report.chart,
    }
    return msgspec.convert(values, Draft)


def fields(draft: Draft, name: str) -> ReportFields:
    """The draft as what is kept; ``InvalidRequest`` says in which field what is missing or wrong."""
    for label, given in (("id", draft.ids), ("metric", draft.metrics)):
        if not given:
            raise InvalidRequest(f"Pick at least one {_PICKED[label]}.", field=label, allowed="one or more")
    if len(draft.ids) > MOST_IDS:
        raise InvalidRequest(f"At most {MOST_IDS:,} can be picked.", field="id", allowed=f"at most {MOST_IDS}")
    custom = draft.period == "custom"
    if custom and not (draft.frm.strip() and draft.to.strip()):
        raise InvalidRequest("Give both days of the period.", field="to" if draft.frm.strip() else "from")
    return checked(
        ReportFields(
            name=name,
            workspace_id=draft.workspace,
            resource=draft.resource,
            ids=tuple(draft.ids),
            metrics=tuple(draft.metrics),
            time_frame=draft.time_frame,
            time_from=draft.frm.strip() if custom else None,
            time_to=draft.to.strip() if custom else None,
            relative=None if custom else draft.period,
            breakdown=draft.breakdown,
            chart=draft.chart,
        )
    )


def question(draft: Draft, span: Window | None) -> MetricQuestion | None:
    """The metric question that gives the draft's figures over ``span``; None for hours and parts of days.

    >>> from datetime import datetime
    >>> draft = Draft(ids=[3], metrics=["plays"], breakdown="dsp", chart="bar")
    >>> question(draft, None).breakdown, question(draft, Window(datetime(2026, 11, 1, 6), datetime(2026, 11, 2)))
    ('dsp', None)
    """
    frame = draft.time_frame if draft.breakdown == "none" or draft.chart in ("line", "area") else None
    period = None
    if span is not None and span.start is not None and span.end is not None:
        if span.start.time() != MIDNIGHT or span.end.time() != MIDNIGHT:
            return None
        period = Period(span.start.date(), (span.end - DAY).date())
    if frame == "hour" or (frame and period is None):
        return None
    by = None if draft.breakdown == "none" else draft.breakdown
    return MetricQuestion(Entities(draft.resource, tuple(draft.ids)), tuple(draft.metrics), period, frame, by)


def title(draft: Draft) -> str:
    """What a report that has no name yet is called.

    >>> title(Draft(metrics=["plays", "impressions"], breakdown="dsp"))
    'Video plays, Impressions by DSP'
    """
    known = dict(METRICS)
    labels = [known[name].label for name in draft.metrics if name in known]
    by = "" if draft.breakdown == "none" else f" by {dict(options(By))[draft.breakdown]}"
    more = f" and {len(labels) - _MOST_NAMED} more" if len(labels) > _MOST_NAMED else ""
    return f"{', '.join(labels[:_MOST_NAMED])}{more}{by}" or "Report"
