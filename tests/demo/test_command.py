"""What ``serve --demo`` does before it serves: it fills an empty directory once, and every line it prints works."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from headwater.app import Headwater
from headwater.cli.demo import prepare
from headwater.demo import fill
from headwater.settings import Settings
from tests.openapi import conformity

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands log to the standard error of their time, which ends with them."""
    yield
    structlog.reset_defaults()


async def asked(settings: Settings, urls: list[str], key: str, question: tuple[str, str]) -> list[httpx.Response]:
    headwater = Headwater(settings)
    await headwater.start()
    transport = httpx.ASGITransport(headwater.app)
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://headwater.test", headers=headers) as client:
        answers = [await client.get(url) for url in urls]
        body, path = question
        answers.append(await client.post(path, content=body, headers={"content-type": "application/json"}))
    await headwater.stop()
    return answers


def test_every_line_that_it_prints_has_an_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(data_dir=str(tmp_path / "data"), port=8000)
    prepare(settings)
    printed = capsys.readouterr().out
    demo = fill.read(tmp_path / "data")
    assert demo is not None
    assert demo.creators is not None
    assert demo.decisions is not None
    assert f"{demo.events:,} ad events, {demo.creators.snapshots:,} snapshots" in printed
    assert f"{demo.decisions.interactions:,} interactions" in printed
    lines = re.findall(r"curl -H 'Authorization: Bearer (\S+)' 'http://127.0.0.1:8000(\S+)'", printed)
    assert len(lines) == 6
    assert {key for key, _ in lines} == {demo.api_key}
    (question,) = re.findall(r"-d '(\{.*\})' 'http://127.0.0.1:8000(\S+)'", printed)
    answers = asyncio.run(asked(settings, [path for _, path in lines], demo.api_key, question))
    for answer in answers:
        assert answer.status_code == 200, answer.text
        conformity.check(answer)
    (line,) = answers[3].json()["data"]["series"]
    assert line["total"] > 10_000
    assert demo.decisions.dropped_offer in {row["dimensionKey"] for row in answers[4].json()["data"]}
    assert answers[5].json()["timesSelected"] == 0
    assert answers[6].json()["answered"]
    assert "had the highest click rate" in answers[6].json()["response"]
    # Asked to prepare again, it says the same and changes nothing.
    prepare(settings)
    assert capsys.readouterr().out.strip() == printed.strip()
    assert fill.read(tmp_path / "data") == demo
