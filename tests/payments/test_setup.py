"""Which settings make a gateway, and which stop the start."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from headwater import payments
from headwater.settings import Settings, SettingsError, load
from tests.cli.place import run
from tests.payments.stripe_stand_in import KEY


def test_without_a_key_there_is_no_gateway() -> None:
    assert payments.provide(Settings()) is None


def test_a_secret_without_a_key_is_refused() -> None:
    with pytest.raises(SettingsError, match="stripe_webhook_secret needs stripe_api_key"):
        payments.check(Settings(stripe_webhook_secret="whsec_x"))


def test_without_the_library_a_key_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    known = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> Any:
        return None if name == "stripe" else known(name, package)

    monkeypatch.setattr("headwater.payments.setup.find_spec", without)
    with pytest.raises(SettingsError, match="pip install headwater"):
        payments.provide(Settings(stripe_api_key=KEY))
    monkeypatch.setenv("HEADWATER_STRIPE_API_KEY", KEY)
    done = run("serve", "--port", "0")
    assert done.code == 1
    assert "pip install headwater[stripe]" in done.err
    assert KEY not in done.err


@pytest.mark.parametrize("currency", ["kwd", "USD", "us", "dollars", ""])
def test_currencies_that_are_not_taken(currency: str) -> None:
    with pytest.raises(SettingsError, match="currency"):
        load({"HEADWATER_CURRENCY": currency})


@pytest.mark.parametrize("price", ["-1", "1.1234567", "free", ""])
def test_prices_that_are_none(price: str) -> None:
    with pytest.raises(SettingsError, match="credit_price"):
        load({"HEADWATER_CREDIT_PRICE": price})
