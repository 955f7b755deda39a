"""What was said with agents, turn by turn, for whoever may see the agent and for nobody else."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

from headwater.scope import Role
from tests.console.pages import Browser
from tests.serving import Company

CSV = b"id,city,amount\n1,Oslo,10.5\n2,Bergen,4.5\n3,Oslo,1\n"


async def agent_on_files(company: Company, browser: Browser) -> str:
    """An agent that asks an upload; its id."""
    answer = await browser.upload("/data-sources/upload", (("orders.csv", CSV),), source_name="Mine")
    source_id = answer.headers["location"].rpartition("/")[2]
    made = await browser.post("/agents/new", name="Ana", data_sources=source_id)
    return str(made.headers["location"].rpartition("/")[2])


async def asked(company: Company, agent: str, text: str, **more: Any) -> str:
    """The conversation of a question."""
    answer = await company.request("POST", f"/api/v1/agents/{agent}/execute", json={"input": text, **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["conversation_id"])


async def test_a_conversation_is_read_turn_by_turn_with_its_figures(company: Company) -> None:
    browser = await Browser.of(company)
    agent = await agent_on_files(company, browser)
    other = await asked(company, agent, "How many orders?")
    conversation = await asked(company, agent, "How many orders by city?")
    company.server.clock.now += timedelta(minutes=1)
    other = await asked(company, agent, "How many shops?", conversation_id=other)
    company.server.clock.now += timedelta(minutes=1)
    await asked(company, agent, "What is <b>this</b>?", conversation_id=conversation)
    listed = (await browser.get(f"/agents/{agent}/conversations")).text
    assert "How many orders by city?" in listed
    assert listed.index(conversation) < listed.index(other), "what was gone on with last comes first"
    path = f"/agents/{agent}/conversations/{conversation}"
    viewer = await Browser.of(company, Role.viewer)
    text = (await viewer.get(path)).text
    assert text.index("How many orders by city?") < text.index("What is &lt;b&gt;this&lt;/b&gt;?")
    assert "Oslo" in text
    assert "<code>SELECT" in text
    shown = unescape(text).partition('class="button small" href="')[2].partition("#")[0]
    drawn = await viewer.get(shown)
    assert "The figures as they are now" in drawn.text
    assert "data-chart" in drawn.text
    figures = await viewer.get(f"{shown}&chart=figures0&download=csv")
    assert figures.text.splitlines()[1:] == ["Oslo,2", "Bergen,1"]
    assert (await viewer.get(f"{shown}&chart=nothing&download=csv")).status_code == 404


async def test_figures_whose_source_is_gone_say_so(company: Company) -> None:
    browser = await Browser.of(company)
    agent = await agent_on_files(company, browser)
    conversation = await asked(company, agent, "How many orders by city?")
    path = f"/agents/{agent}/conversations/{conversation}"
    shown = unescape((await browser.get(path)).text).partition('class="button small" href="')[2].partition("#")[0]
    source = (await browser.get("/data-sources")).text.partition('href="/data-sources/ds_')[2].partition('"')[0]
    await browser.post(f"/data-sources/ds_{source}/delete")
    text = unescape((await browser.get(shown)).text)
    assert "There is no data source" in text
    assert "How many orders by city?" in text


async def test_conversations_are_found_by_what_they_went_through(company: Company) -> None:
    browser = await Browser.of(company)
    agent = await agent_on_files(company, browser)
    await asked(company, agent, "How many orders?")
    await browser.post(f"/agents/{agent}/deployments/new", platform="web")
    deployed = (await browser.get(f"/agents/{agent}/deployments")).text.partition("?through=")[2].partition('"')[0]
    chat = await company.server.client.post(f"/api/v1/agents/{agent}/chat", json={"message": "Orders by city?"})
    assert chat.status_code == 200, chat.text
    for through, words in (("api", "How many orders?"), ("chat", "Orders by city?"), (deployed, "No conversations")):
        text = (await browser.get(f"/agents/{agent}/conversations?through={through}")).text
        assert words in text
        assert ("How many orders?" in text) == (through == "api")


async def test_a_conversation_of_another_agent_is_not_there(company: Company) -> None:
    browser = await Browser.of(company)
    agent = await agent_on_files(company, browser)
    conversation = await asked(company, agent, "How many orders?")
    other = (await browser.post("/agents/new", name="Bo")).headers["location"]
    assert (await browser.get(f"{other}/conversations/{conversation}")).status_code == 404
    api = f"/api/v1{other}"
    assert (await company.get(f"{api}/executions?conversation_id={conversation}")).status_code == 404
    assert (await company.get(f"{api}/conversations")).json()["total"] == 0


async def test_the_api_lists_what_the_pages_show(company: Company) -> None:
    agent = await agent_on_files(company, await Browser.of(company))
    first = await asked(company, agent, "How many orders?")
    await asked(company, agent, "And by city?", conversation_id=first)
    company.server.clock.now += timedelta(minutes=1)
    await asked(company, agent, "How many orders?")
    listed = (await company.get(f"/api/v1/agents/{agent}/conversations?channel=api")).json()
    assert [(one["opening"], one["turns"]) for one in listed["conversations"]] == [
        ("How many orders?", 1),
        ("How many orders?", 2),
    ]
    of_first = (await company.get(f"/api/v1/agents/{agent}/executions?conversation_id={first}")).json()
    assert [one["input"] for one in of_first["executions"]] == ["And by city?", "How many orders?"]


async def test_asking_needs_the_right_to_ask_and_a_page_of_ours(company: Company) -> None:
    browser = await Browser.of(company)
    agent = await agent_on_files(company, browser)
    made = await company.request("POST", "/api/v2/tokens", json={"name": "reads", "permissions": ["read"]})
    reads = {"authorization": f"Bearer {made.json()['data']['token']}"}
    client, path = company.server.client, f"/agents/{agent}?q=How+many+orders"
    assert (await client.get(path, headers=reads)).status_code == 403
    assert (await client.get(f"/agents/{agent}", headers=reads)).status_code == 200
    assert 'class="answer"' in (await browser.get(path)).text
    led = await client.get(path, headers={**browser.headers, "sec-fetch-site": "cross-site"})
    assert 'value="How many orders"' in led.text
    assert 'class="answer"' not in led.text, "a link of somebody else asks nothing in its reader's name"
    conversation = await asked(company, agent, "How many orders by city?")
    one = f"/agents/{agent}/conversations/{conversation}"
    (turn,) = (await company.get(f"/api/v1/agents/{agent}/executions?conversation_id={conversation}")).json()[
        "executions"
    ]
    assert (await client.get(f"{one}?figures={turn['execution_id']}", headers=reads)).status_code == 403
    assert (await client.get(one, headers=reads)).status_code == 200
