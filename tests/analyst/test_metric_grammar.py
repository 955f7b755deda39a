"""The grammar over a few names: whatever is asked, it is understood whole or not at all."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from evals.suites import demo_metrics
from headwater.analyst.metric_intent import Intent, Unclear
from headwater.analyst.metric_lexicon import LEXICON, VOCABULARY
from headwater.analyst.metric_parse import parse
from headwater.analyst.metric_reading import read
from headwater.tools.metric_entities import Index, Named
from headwater.tools.metric_question import MetricQuestion, canonical
from headwater.tools.metric_question import read as read_question

TODAY = date(2026, 11, 27)
INDEX = Index(
    [
        Named("campaign", "1", "Fjell Outdoor: winter jackets"),
        Named("creative", "7", "Snow line, 728x90"),
        Named("creative", "8", "Snow line, 970x250"),
        Named("domain", "nordnews.example", "nordnews.example"),
        Named("creator", "c1", "Marit Fjellvang"),
        Named("offer", "off_gold", "Gold card"),
        Named("channel", "ch_web", "Website"),
    ]
)
SPEAKING = [
    "impressions last week",
    "which creative had the best click rate last week, and how does that compare with the week before?",
    "top 5 creators by views last month",
    "revenue of Gold card in October vs September",
    "creatives with more than 1,000 impressions in October",
    "daily impressions on nordnews.example last week",
    "why did impressions drop last week",
    "which offers are never selected?",
    "acceptance rate by offer in the last 30 days",
]
ALIENS = ["purple", "zorblax", "unless", "without", "except", "median", "hypothetically", "customers", "Rival"]


def understood(text: str, previous: MetricQuestion | None = None) -> Intent | Unclear:
    try:
        return parse(read(text, INDEX, TODAY), INDEX, TODAY, previous)
    except Unclear as unclear:
        return unclear


@pytest.mark.parametrize("text", SPEAKING)
def test_these_are_understood(text: str) -> None:
    assert isinstance(understood(text), Intent)


@given(st.sampled_from(SPEAKING), st.sampled_from(ALIENS), st.integers(0, 20))
def test_one_word_that_means_nothing_here_and_there_is_no_answer(text: str, alien: str, at: int) -> None:
    words = text.split()
    words.insert(min(at, len(words)), alien)
    assert isinstance(understood(" ".join(words)), Unclear)


# What could be part of a name or of nothing at all.
LETTERS = st.text(st.characters(categories=("Ll", "Lu", "Nd", "Po", "Sm", "Zs")), max_size=12)
NAMES = ["Gold card", "Snow line", "nordnews.example", '"Gold card"', "5", "1k", "3%"]
PIECES = st.sampled_from([*sorted(LEXICON), *NAMES])
WHEN = ["last week", "in October", "yesterday", "the week before", "vs September", "ever", "next week"]
TIMES = st.sampled_from(WHEN)


@given(st.lists(PIECES | TIMES | LETTERS, max_size=9), st.booleans())
def test_whatever_is_asked_is_understood_whole_or_not_at_all(pieces: list[str], follows: bool) -> None:
    previous = read_question('{"entity":{"kind":"creative"},"metrics":["impressions"]}') if follows else None
    found = understood(" ".join(pieces), previous)
    if isinstance(found, Unclear):
        assert found.text
        return
    assert read_question(canonical(found.question)) == found.question
    assert set(found.shown) <= set(found.question.metrics)
    period = found.question.period
    assert period is None or period.first <= period.last <= TODAY


@given(st.lists(st.sampled_from(sorted(VOCABULARY)), min_size=1, max_size=8))
def test_known_words_in_any_order_never_break_it(words: list[str]) -> None:
    understood(" ".join(words))


@pytest.mark.parametrize(
    "text",
    [
        "which creatives don't have more than 100 impressions last week",
        "which creatives have not more clicks on links last week",
        "impressions per link click last week",
        "share of impressions by domain last week",
        "top 10% of creatives by impressions",
        "second best creative by click rate last week",
        "which campaign grew most in impressions last week",
        "which creators lost followers last month",
        "how did impressions change from September to October",
        "difference in impressions between September and October",
        "impressions in October and November",
        "average impressions last week",
        "impressions every Monday last month",
        "impressions on Xandr or Adform last week",
        "creatives with more than 5% impressions last week",
        "impressions before 3 March",
        "impressions last week at 5 pm",
        "best and worst creative by click rate last week",
        "click rate by day of week",
        "did we get more than 1000 impressions last week",
    ],
)
def test_what_sounds_like_a_question_it_knows_and_is_another_is_not_answered(text: str) -> None:
    assert isinstance(understood(text), Unclear)


def test_an_ending_is_no_slip_of_spelling() -> None:
    assert isinstance(understood("impresions last week"), Intent)
    assert isinstance(understood("impressionism last week"), Unclear)


def test_a_name_may_be_that_of_another_family_where_the_metric_says_so() -> None:
    found = understood("impressions of Gold card last week")
    assert isinstance(found, Intent)
    assert (found.question.entity.kind, found.question.metrics) == ("offer", ("impressions",))


def test_all_of_the_written_questions_are_about_known_fields() -> None:
    content = yaml.safe_load(demo_metrics._FILE.read_text())
    known = {"m", "of", "p", "by", "vs", "n", "dir", "only", "having", "grain", "report"}
    for question, meant in content["cases"]:
        assert meant == "ask" or set(meant) <= known, question
    assert len({question for question, _ in content["cases"]}) == len(content["cases"])
    assert msgspec.json.encode(content["hostile"])
