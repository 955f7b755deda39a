"""Alert rules and dashboard ask for nothing that the server does not measure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.caching import CacheServer
from tests.deploy.places import DEPLOY
from tests.serving import Company, Hierarchy, event

# What Prometheus and its scrape configuration add.
ADDED = {"job", "instance", "le"}
RULES = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((DEPLOY / "grafana" / "headwater.json").read_text())
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


def questions() -> list[str]:
    """Every expression of both, with Grafana's variables filled in."""
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    return [rule["expr"] for rule in RULES] + [expr.replace("$__rate_interval", "5m") for expr in asked]


def selectors(expr: Any) -> Iterator[Any]:
    """The series that an expression asks for."""
    if isinstance(expr, promql.VectorSelector):
        yield expr
    elif isinstance(expr, promql.MatrixSelector):
        yield expr.vector_selector
    else:
        for name in ("expr", "lhs", "rhs", "param"):
            if (inner := getattr(expr, name, None)) is not None:
                yield from selectors(inner)
        for argument in getattr(expr, "args", None) or ():
            yield from selectors(argument)


def groupings(expr: Any) -> Iterator[str]:
    """The labels that an expression sums by."""
    if isinstance(expr, promql.AggregateExpr) and expr.modifier is not None:
        yield from expr.modifier.labels
    for name in ("expr", "lhs", "rhs"):
        if (inner := getattr(expr, name, None)) is not None:
            yield from groupings(inner)
    for argument in getattr(expr, "args", None) or ():
        yield from groupings(argument)


async def measured(company: Company) -> dict[str, set[str]]:
    """The server's series and their labels."""
    text = (await company.server.client.get("/metrics")).text
    found: dict[str, set[str]] = {"up": set()}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.fixture
def shared_in(cache: CacheServer) -> str:
    """Something that processes share: it is measured too."""
    return cache.url()


@pytest.mark.scaled
async def test_every_series_and_label_is_measured(company: Company, hierarchy: Hierarchy) -> None:
    await company.send([event(hierarchy.creative)])
    for _ in range(2):
        await company.get("/v2/aggregation-api/counts", resource="creative", id=hierarchy.creative)
    known = await measured(company)
    assert len(questions()) > 30
    for question in questions():
        parsed = promql.parse(question)
        found = list(selectors(parsed))
        assert found, question
        labels = set(ADDED)
        for one in found:
            assert one.name in known, f"{one.name} of {question}"
            asked = {matcher.name for matcher in one.matchers.matchers} - {"__name__"}
            assert asked <= known[one.name] | ADDED, question
            labels |= known[one.name]
        assert set(groupings(parsed)) <= labels, question


@every_rule
def test_a_rule_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Headwater[A-Za-z]+", rule["alert"])
    assert re.fullmatch(r"\d+[mh]", rule["for"])
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description"}


@every_rule
def test_words_of_a_rule_use_labels_that_are_left(rule: dict[str, Any]) -> None:
    used = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    summed = set(groupings(promql.parse(rule["expr"])))
    aggregated = any(word in rule["expr"] for word in ("sum", "max(", "count"))
    assert used <= (summed if aggregated else {"instance"})


@pytest.mark.parametrize("what", ["store_responsive", "database_connected", "cache_connected"])
def test_whatever_may_be_lost_has_an_alert_and_a_panel(what: str) -> None:
    assert f"headwater_{what} == 0" in [rule["expr"] for rule in RULES]
    assert any(f"headwater_{what}{{" in question for question in questions())


def test_names_of_alerts_differ() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_panels_are_apart_and_their_ids_differ() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_panels_ask_the_data_source_that_was_chosen() -> None:
    variables = {one["name"] for one in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(DASHBOARD["panels"])))
    assert used == variables
