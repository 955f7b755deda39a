"""Requests to the resources of the creators contract, with what their answers hold."""

from __future__ import annotations

from typing import Any

from tests.serving import Company

UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def ask(company: Company, method: str, path: str, status: int = 200, **body: Any) -> Any:
    """The whole answer."""
    more = {"json": body} if body else {}
    answer = await company.request(method, f"/api/v1{path}", **more)
    assert answer.status_code == status, answer.text
    return answer.json()


async def data(company: Company, method: str, path: str, status: int = 200, **body: Any) -> Any:
    """What a success holds."""
    answer = await ask(company, method, path, status, **body)
    assert (answer["error"], answer["meta"]) == (None, None)
    return answer["data"]


async def made(company: Company, path: str, **body: Any) -> Any:
    """A new row."""
    return await data(company, "POST", path, 201, **body)


async def refused(company: Company, method: str, path: str, status: int, **body: Any) -> Any:
    """What a refusal says to programs, its sentence as ``error``."""
    answer = await ask(company, method, path, status, **body)
    assert answer["data"] is None
    return {"error": answer["error"], **answer["meta"]}


async def listed(company: Company, path: str, **params: Any) -> list[Any]:
    """One page of a list."""
    answer = await company.get(f"/api/v1{path}", **params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def paths(refusal: Any) -> list[str]:
    """The fields that a refusal names."""
    return [problem["path"] for problem in refusal["errors"]]
