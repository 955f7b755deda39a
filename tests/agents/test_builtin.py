"""The built-in analyst as an agent: over the company's figures, its databases and its documents at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Company, Hierarchy, event

PEOPLE = b"id,name,city\n1,Ada,Oslo\n2,Bo,Bergen\n3,Cy,Oslo\n"
RULES = b"# Returns\n\nA jacket may be returned within forty days of its delivery, unworn.\n"


class Asked:
    """A company whose agent has these sources."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.agent = ""

    async def upload(self, name: str, file: str, content: bytes) -> str:
        form = {"file": (file, content), "source_name": (None, name)}
        answer = await self.company.request("POST", "/api/v1/data-sources/upload", files=form)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data_source"]["connection_id"])

    async def over(self, *sources: str) -> None:
        body = {"name": "Ana", "data_sources": list(sources)}
        answer = await self.company.request("POST", "/api/v1/agents", json=body)
        self.agent = answer.json()["agent"]["agent_id"]

    async def ask(self, text: str, **body: Any) -> dict[str, Any]:
        path = f"/api/v1/agents/{self.agent}/execute"
        answer = await self.company.request("POST", path, json={"input": text, **body})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture
async def asked(company: Company, hierarchy: Hierarchy) -> Asked:
    at = "2025-05-02T10:00:00Z"
    await company.send([event(hierarchy.creatives[0], ts=at, session_id=f"s{one}") for one in range(7)])
    return Asked(company)


async def test_what_one_source_answers_is_answered_from_it(asked: Asked) -> None:
    people = await asked.upload("People", "people.csv", PEOPLE)
    await asked.over("ds_headwater", people)
    figure = await asked.ask("How many impressions yesterday?")
    assert ("7" in figure["response"], figure["data_sources_queried"]) == (True, ["ds_headwater"])
    counted = await asked.ask("How many people are in Oslo?")
    assert ("2" in counted["response"], counted["data_sources_queried"]) == (True, [people])


async def test_each_citation_run_again_gives_the_rows(asked: Asked) -> None:
    people = await asked.upload("People", "people.csv", PEOPLE)
    await asked.over("ds_headwater", people)
    for text in ("How many impressions yesterday?", "How many people per city?"):
        answer = await asked.ask(text, output_format="json")
        assert answer["answered"], answer
        (citation,) = answer["citations"]
        body = {"connection_id": citation["data_source"], "query": citation["query"]}
        again = (await asked.company.request("POST", "/api/v1/data-sources/query", json=body)).json()
        assert again["row_count"] == citation["rows"]
        assert [list(row.values()) for row in again["results"]] == [list(row.values()) for row in answer["data"]]


async def test_what_several_could_answer_asks_which_and_a_name_decides(asked: Asked) -> None:
    first = await asked.upload("Spring", "people.csv", PEOPLE)
    second = await asked.upload("Autumn", "people.csv", PEOPLE + b"4,Di,Oslo\n")
    await asked.over(first, second)
    unclear = await asked.ask("How many people?")
    assert not unclear["answered"]
    assert unclear["citations"] == []
    assert "How many people in Spring?" in unclear["response"]
    assert "4" in (await asked.ask("How many people in Autumn?"))["response"]


async def test_a_name_that_is_a_word_of_the_question_stays_in_it(asked: Asked) -> None:
    people = await asked.upload("People", "people.csv", PEOPLE)
    await asked.over("ds_headwater", people)
    assert "3" in (await asked.ask("What is the number of people?"))["response"]


async def test_a_follow_up_goes_on_from_the_last_question(asked: Asked) -> None:
    await asked.over("ds_headwater")
    first = await asked.ask("How many impressions yesterday?")
    second = await asked.ask("and the day before?", conversation_id=first["conversation_id"])
    assert second["answered"], second
    assert '"from":"2025-05-01"' in second["citations"][0]["query"]


async def test_documents_are_quoted_and_are_no_figures(asked: Asked) -> None:
    rules = await asked.upload("Rules", "rules.md", RULES)
    await asked.over(rules)
    answer = await asked.ask("Within how many days may a jacket be returned?")
    assert (answer["answered"], answer["citations"]) == (False, [])
    assert "forty days" in answer["response"]


async def test_a_source_that_is_not_the_agent_s_is_not_read(asked: Asked) -> None:
    await asked.upload("People", "people.csv", PEOPLE)
    await asked.over("ds_headwater")
    answer = await asked.ask("How many people are in Oslo?")
    assert not answer["answered"]


async def test_an_agent_whose_sources_are_gone_says_so(asked: Asked) -> None:
    people = await asked.upload("People", "people.csv", PEOPLE)
    await asked.over(people)
    await asked.company.request("DELETE", f"/api/v1/data-sources/{people}")
    answer = await asked.ask("How many people?")
    assert (answer["answered"], "no data source" in answer["response"]) == (False, True)
