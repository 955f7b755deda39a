"""What is selected and what is not, and what is not as before. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from headwater.catalogue.asked import of_family
from headwater.console import words
from headwater.console.decisions.content import OFFER, Content, Told, offer_path, picked, table
from headwater.console.tables import Heading, Table
from headwater.query.decisions.anomalies import Anomaly
from headwater.query.decisions.compile_traces import RANKS
from headwater.query.decisions.selection import WHY_NOT_CAP, Selection, WhyNot
from headwater.reports import Column
from headwater.reports.table import Row
from headwater.tools import metric_reports

_ENDS: Final = ("Selected", "Outranked", "Held back", "Not qualified")
"""Rows of ``why_not_ranked`` that tell the considered ones apart: selected, and the three reasons for not being."""
_DEGRADED: Final = "degraded_scoring_rate"
_PER_DAY: Final = "revenue"
_HEADINGS: Final = (
    Heading("What"),
    Heading("Of"),
    Heading("How far off"),
    Heading("Before", right=True),
    Heading("Now", right=True),
    Heading("Change", right=True),
    Heading("z-score", right=True),
)


def selection(told: Told) -> Content:
    """How far offers come."""
    found: Selection = told.result
    made = metric_reports.table("selection", found, told.book, None, told.days)
    drawn = picked(made, "bar", "name", "considered", "selected", "selection_rate")
    return Content(
        rows=made,
        drawn=drawn,
        paths={"name": [offer_path(str(row[1])) for row in made.rows]},
        notes=(f"{words.number(found.traces)} decisions were read.", *metric_reports.warnings(found)),
    )


def ranks(told: Told) -> Content:
    """How often each offer came to each rank."""
    found: Selection = told.result
    columns = (*OFFER, *(Column(f"rank_{at}", f"Rank {at}", "integer") for at in range(1, RANKS + 1)))
    ids = [told.book.id_of("offer", one.offer) for one in found.offers]
    rows: list[Row] = [(one.name, public_id, *one.ranks) for one, public_id in zip(found.offers, ids, strict=True)]
    made = table(told, "At which ranks offers stand", columns, rows)
    return Content(rows=made, paths={"name": [offer_path(one) for one in ids]})


def why_not(told: Told) -> Content:
    """What became of one offer where it was considered."""
    found: WhyNot = told.result
    made = metric_reports.table("why_not_ranked", found, told.book, None, told.days)
    fates = made.rows[1 : 1 + len(_ENDS)] if found.eligible else []
    drawn = [(name, row[1]) for name, row in zip(_ENDS, fates, strict=False)]
    reasons = table(told, f"What became of {found.name}", made.columns, fates, ordered=True)
    score = words.UNKNOWN if found.mean_score is None else words.number(float(found.mean_score))
    tiles = (
        ("Considered in", words.number(found.eligible), "decisions"),
        ("Selected in", words.number(found.selected), "of these"),
        ("Not selected", words.percent(float(found.miss_rate)), "of these"),
        ("Mean score", score, "of 1"),
    )
    cap = f" Only the newest {WHY_NOT_CAP:,} that considered it are counted." if found.eligible >= WHY_NOT_CAP else ""
    note = f"{words.number(found.read)} decisions were read.{cap}"
    return Content(
        rows=reasons,
        drawn=msgspec.structs.replace(picked(reasons, "bar", "name", "decisions"), rows=drawn),
        tiles=tiles,
        notes=(note,),
    )


def beaten_by(told: Told) -> Content:
    """Who came first where the offer was outranked."""
    found: WhyNot = told.result
    columns = (*OFFER, Column("decisions", "Decisions", "integer"))
    ids = [told.book.id_of("offer", one.offer) for one in found.beaten_by]
    rows = [(one.name, public_id, one.count) for one, public_id in zip(found.beaten_by, ids, strict=True)]
    made = table(told, "Who came first instead", columns, rows)
    return Content(
        rows=made, drawn=picked(made, "bar", "name", "decisions"), paths={"name": [offer_path(one) for one in ids]}
    )


def own_ranks(told: Told) -> Content:
    """At which ranks the offer stood where it was scored."""
    found: WhyNot = told.result
    columns = (Column("rank", "Rank", "text"), Column("decisions", "Decisions", "integer"))
    rows = [(f"Rank {at}", count) for at, count in enumerate(found.ranks, 1)]
    made = table(told, "At which ranks it stood", columns, rows if any(found.ranks) else [], ordered=True)
    return Content(rows=made, drawn=picked(made, "bar", "rank", "decisions"))


def anomalies(told: Told) -> Content:
    """What differs from the days before by more than chance explains."""
    found: tuple[Anomaly, ...] = told.result
    made = metric_reports.table("anomalies", found, told.book, None, told.days)
    return Content(
        rows=made,
        read=Table(
            f"{made.title}, {made.subtitle}",
            _HEADINGS,
            [_read(one) for one in found],
            {1: [_path(one, told) for one in found]},
        ),
        notes=(f"Compared with the {told.question.baseline_days} days before.",) if found else (),
    )


def _path(one: Anomaly, told: Told) -> str:
    of_offer = one.dimension == "offer" and one.number is not None
    return offer_path(told.book.id_of("offer", one.number or 0)) if of_offer else ""


def _read(one: Anomaly) -> tuple[str, ...]:
    metric = "Scored by a fallback" if one.metric == _DEGRADED else of_family("decisions")[one.metric].label
    if one.metric == _PER_DAY:
        before, now = (f"{value:,.2f} a day" for value in (one.baseline, one.current))
    else:
        before, now = (words.percent(float(value), 2) for value in (one.baseline, one.current))
    return (
        metric,
        one.name if one.dimension == "overall" else f"{one.name} ({one.dimension})",
        one.severity.capitalize(),
        before,
        now,
        words.UNKNOWN if one.delta_percent is None else f"{one.delta_percent:+,.1f} %".replace("-", "−"),
        words.UNKNOWN if one.z_score is None else f"{one.z_score:+,.1f}".replace("-", "−"),
    )
