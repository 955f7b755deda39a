"""``headwater billing`` and prices of plans, beside a running server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.beside import Running, running
from tests.cli.place import found

BILLING = "/api/v1/billing"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(found(tmp_path_factory.mktemp("billing") / "data")) as one:
        yield one


@pytest.fixture
def transaction(server: Running) -> str:
    """A top-up that waits."""
    method = server.client.post(f"{BILLING}/payment-methods", json={"type": "manual"}).json()["payment_method"]
    body = {"amount": 1500, "payment_method_id": method["id"]}
    return str(server.client.post(f"{BILLING}/credits/topup", json=body).json()["transaction_id"])


def credits(server: Running) -> int:
    return int(server.get(f"{BILLING}/credits")["credits"])


def test_a_top_up_is_settled_once(server: Running, transaction: str) -> None:
    before = credits(server)
    listed = server.place.run("billing list")
    assert transaction in listed.out
    assert "15.00 usd" in listed.out
    done = server.place.run("billing settle", transaction)
    assert done.out == f"{transaction} is settled: 1,500 credits for organisation {server.place.organisation_id}.\n"
    assert server.place.run("billing settle", transaction).out.endswith("was settled already; nothing was done.\n")
    assert credits(server) == before + 1500
    assert transaction not in server.place.run("billing list").out
    assert transaction in server.place.run("billing list", "--status", "settled").out
    refused = server.place.run("billing decline", transaction)
    assert (refused.code, refused.out) == (1, "")
    assert "is settled" in refused.err


def test_a_top_up_is_declined(server: Running, transaction: str) -> None:
    before = credits(server)
    assert server.place.run("billing decline", transaction).out == f"{transaction} is declined.\n"
    assert server.place.run("billing settle", transaction).code == 1
    assert credits(server) == before


def test_an_unknown_transaction_is_told_in_words(server: Running) -> None:
    done = server.place.run("billing settle", "txn_x")
    assert (done.code, done.out) == (1, "")
    assert done.err == "headwater: There is no transaction 'txn_x'. 'headwater billing list' shows them.\n"


def test_credits_are_given_and_taken(server: Running) -> None:
    before = credits(server)
    done = server.place.run("billing grant", "Acme", 500, "--reason", "made up")
    assert done.out == f"Acme (organisation {server.place.organisation_id}) now has {before + 500:,} credits.\n"
    assert server.place.run("billing grant", "Acme", -200).code == 0
    assert credits(server) == before + 300
    assert server.place.run("billing grant", "Acme", -999_999).code == 1
    log = server.get("/api/v1/account/audit-log")["events"]
    assert [one["details"]["amount"] for one in log if one["action"] == "credits_adjusted"] == [-200, 500]


def test_a_plan_gets_a_price(server: Running) -> None:
    assert server.place.run("plan price", "growth", "49.90").out == "A month of growth now costs 49.90 usd.\n"
    assert " 49.90" in server.place.run("plan list").out
    wrong = server.place.run("plan price", "growth", "cheap")
    assert (wrong.code, wrong.err) == (1, "headwater: 'cheap' is not a price.\n")


def test_invoices_that_are_open(server: Running) -> None:
    assert server.place.run("billing invoices").out.split() == ["invoice", "organisation", "month", "amount"]
    assert server.place.run("billing paid", "inv_x").code == 1
