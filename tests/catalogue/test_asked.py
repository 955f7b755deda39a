"""What can be asked has one meaning, and rates are made of what their dataset has."""

from __future__ import annotations

from headwater.catalogue.ads import AD_EVENTS
from headwater.catalogue.asked import AMBIGUOUS, ASKED, DEFAULTS
from headwater.catalogue.decisions import INTERACTIONS
from headwater.catalogue.rates import AD_RATES, DECISION_RATES


def test_rates_divide_additive_metrics_of_their_dataset() -> None:
    for rate in AD_RATES:
        assert {rate.numerator, rate.denominator} <= {metric.name for metric in AD_EVENTS.metrics}
    for rate in DECISION_RATES:
        assert {rate.numerator, rate.denominator} <= {measure.name for measure in INTERACTIONS.measures}


def test_a_name_of_two_metrics_is_ambiguous_or_has_a_default() -> None:
    seen: dict[str, tuple[str, str]] = {}
    for key, one in ASKED.items():
        for name in {one.label.lower(), *one.synonyms}:
            doubled = name in seen and name not in AMBIGUOUS and name not in DEFAULTS
            assert not doubled, (name, key, seen.get(name))
            seen[name] = key


def test_everything_is_described_for_people() -> None:
    for one in ASKED.values():
        assert one.label
        assert one.description.endswith(".")


def test_a_rate_without_a_denominator_is_unknown() -> None:
    assert [rate.quotient(1, 0) for rate in (*AD_RATES, *DECISION_RATES)] == [None] * 13
