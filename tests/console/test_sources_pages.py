"""Data sources as people connect, upload, change and delete them; what is secret stays so."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from headwater.scope import Role
from headwater.sources.config import CONNECTABLE
from headwater.sources.declared import fields
from tests.console.pages import Browser
from tests.serving import Company

SECRET = "s3cret-of-the-shop"
CSV = b"id,city,amount\n1,Oslo,10.5\n2,Bergen,4.5\n"
NOTES = b"# Terms\n\nGoods may be returned within forty days.\n"


def database(company: Company, name: str) -> str:
    """A database in the operator's folder."""
    path = Path(company.server.services.settings.source_files_dir) / name
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, city TEXT)")
        connection.execute("INSERT INTO orders VALUES (1, 'Oslo'), (2, 'Bergen')")
    return name


async def connected(browser: Browser, **typed: Any) -> str:
    """The path of a source that was connected."""
    answer = await browser.post("/data-sources/connect", **typed)
    assert answer.status_code == 303, unescape(answer.text)
    return answer.headers["location"]


@pytest.mark.parametrize("kind", CONNECTABLE)
async def test_each_kind_has_the_fields_that_it_declares(company: Company, kind: str) -> None:
    text = (await (await Browser.of(company)).get(f"/data-sources/connect?kind={kind}")).text
    names = set(re.findall(r'name="(\w+)"', text))
    assert names >= {one.name for one in fields(kind)}
    for one in fields(kind):
        if one.secret:
            assert re.search(rf'name="{one.name}"[^>]* value=', text) is None


async def test_a_kind_that_is_none_is_not_there(company: Company) -> None:
    browser = await Browser.of(company)
    assert (await browser.get("/data-sources/connect?kind=files")).status_code == 404
    assert (await browser.post("/data-sources/connect", kind="oracle", source_name="x")).status_code == 404


async def test_a_database_is_connected_tested_copied_and_deleted(company: Company) -> None:
    browser = await Browser.of(company)
    name = database(company, "shop.sqlite")
    path = await connected(
        browser, kind="sqlite", source_name="Shop", database=name, mode="offline", test_connection="true"
    )
    text = (await browser.get(path)).text
    assert "Not copied yet" in text
    assert "connected" in text
    assert (await browser.post(f"{path}/sync")).status_code == 303
    text = (await browser.get(path)).text
    assert "Not copied yet" not in text
    assert "orders" in text
    assert (await browser.post(f"{path}/test")).status_code == 303
    changed = {"source_name": "Store", "database": name, "mode": "offline", "sync_interval_minutes": "60"}
    assert (await browser.post(f"{path}/change", **changed)).status_code == 303
    text = (await browser.get(path)).text
    assert "every 60 minutes" in text
    assert (await browser.post(f"{path}/delete")).headers["location"] == "/data-sources"
    assert (await browser.get(path)).status_code == 404


async def test_what_fails_is_said_at_its_field_and_nothing_is_saved(company: Company) -> None:
    browser = await Browser.of(company)
    shop = {"kind": "mysql", "source_name": "Shop", "host": "169.254.169.254", "database": "d", "password": SECRET}
    for typed, field, words in (
        (shop, "host", "link-local"),
        ({**shop, "host": ""}, "host", "This is required."),
        ({**shop, "port": "many"}, "port", "This must be a whole number."),
        ({**shop, "port": "0"}, "port", "This must be at least 1."),
        ({**shop, "mode": "offline", "sync_interval_minutes": "1"}, "sync_interval_minutes", "must be at least 15"),
        ({**shop, "source_name": ""}, "source_name", "must have at least 1 character"),
        ({"kind": "sqlite", "source_name": "S", "database": "../x", "test_connection": "true"}, "database", "no file"),
        ({"kind": "rest", "source_name": "A", "base_url": "https://a.example", "auth": "bearer"}, "token", "required"),
    ):
        answer = await browser.post("/data-sources/connect", **typed)
        said = unescape(answer.text)
        assert answer.status_code == 400, said
        assert words in said.partition(f'id="p-{field}"')[2].partition("</p>")[0], (field, said)
        assert SECRET not in said
    assert "Nothing connected yet" in (await browser.get("/data-sources")).text


async def test_a_connection_that_fails_is_said_at_the_place(company: Company) -> None:
    browser = await Browser.of(company)
    name = database(company, "broken.sqlite")
    (Path(company.server.services.settings.source_files_dir) / name).write_bytes(b"no database" * 100)
    typed = {"kind": "sqlite", "source_name": "Shop", "database": name, "test_connection": "true"}
    answer = await browser.post("/data-sources/connect", **typed)
    assert answer.status_code == 400
    assert "cannot be read as a SQLite database" in answer.text.partition('id="p-database"')[2].partition("</p>")[0]
    path = await connected(browser, kind="sqlite", source_name="Shop", database=name)
    await browser.post(f"{path}/test")
    assert "cannot be read as a SQLite database" in (await browser.get(path)).text


async def test_a_secret_is_kept_where_it_was_left_empty_and_never_shown(company: Company) -> None:
    browser = await Browser.of(company)
    api = {"source_name": "Api", "base_url": "https://example.com", "auth": "bearer"}
    path = await connected(browser, kind="rest", **api, token=SECRET)
    for page in (path, f"{path}/change", "/data-sources"):
        assert SECRET not in (await browser.get(page)).text
    assert (await browser.post(f"{path}/change", **{**api, "path": "/v1"})).status_code == 303
    assert await token_of(company, path) == SECRET
    moved = {**api, "base_url": "https://example.com:8443"}
    answer = await browser.post(f"{path}/change", **moved)
    assert answer.status_code == 400
    assert "given again" in answer.text.partition('id="p-token"')[2].partition("</p>")[0]
    assert (await browser.post(f"{path}/change", **moved, token="new")).status_code == 303
    assert await token_of(company, path) == "new"
    other_kind = {**moved, "auth": "basic", "username": "u"}
    assert 'id="p-password"' in (await browser.post(f"{path}/change", **other_kind)).text
    assert (await browser.post(f"{path}/change", **{**moved, "auth": ""})).status_code == 303
    assert await token_of(company, path) is None


async def token_of(company: Company, path: str) -> str | None:
    """What the server keeps."""
    scope = await company.server.services.control.access.operator_scope(company.organisation_id)
    known = await company.server.services.connections.known(scope, path.rpartition("/")[2])
    auth = getattr(known.config, "auth", None)
    return getattr(auth, "token", None)


async def test_files_are_uploaded_asked_and_searched(company: Company) -> None:
    browser = await Browser.of(company)
    files = (("orders.csv", CSV), ("terms.md", NOTES))
    answer = await browser.upload("/data-sources/upload", files, source_name="Mine")
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    text = (await browser.get(path)).text
    assert "orders.csv, terms.md" in text
    assert "<strong>orders</strong>" in text
    found = (await browser.get(f"{path}/passages?q=returned+goods")).text
    assert "forty days" in found
    assert "Nothing found" in (await browser.get(f"{path}/passages?q=xylophone")).text
    assert "terms.md" in (await browser.get(f"{path}/passages")).text
    assert (await browser.post(f"{path}/change", source_name="Ours")).status_code == 303
    assert "Ours" in (await browser.get(path)).text


async def test_an_upload_that_cannot_be_read_keeps_nothing_but_the_name(company: Company) -> None:
    browser = await Browser.of(company)
    for files, words in (((("a.pdf", b"no pdf"),), "cannot be read"), ((), "Choose at least one file.")):
        answer = await browser.upload("/data-sources/upload", files, source_name="Mine")
        assert answer.status_code == 400
        assert words in answer.text.partition('id="p-file"')[2].partition("</p>")[0]
        assert 'value="Mine"' in answer.text
    assert "Nothing connected yet" in (await browser.get("/data-sources")).text


async def test_an_upload_that_is_too_large_is_refused_in_words(company: Company) -> None:
    browser = await Browser.of(company)
    large = b"x" * (company.server.services.settings.max_upload_bytes + 1)
    answer = await browser.upload("/data-sources/upload", (("a.csv", large),), source_name="Mine")
    assert answer.status_code == 413
    assert "larger than" in answer.text
    assert 'aria-label="Main"' in answer.text


async def test_who_asks_a_source_is_told_before_it_is_deleted(company: Company) -> None:
    browser = await Browser.of(company)
    answer = await browser.upload("/data-sources/upload", (("orders.csv", CSV),), source_name="Mine")
    path = answer.headers["location"]
    source_id = path.rpartition("/")[2]
    chosen = (await browser.get(f"/agents/new?source={source_id}")).text
    assert re.search(rf'value="{source_id}" checked', chosen)
    await browser.post("/agents/new", name="Ana", data_sources=source_id)
    assert "Ana will have no figures from it any more." in (await browser.get(path)).text
    viewer = await Browser.of(company, Role.viewer)
    text = (await viewer.get(path)).text
    for words in ("Delete", "Test the connection", "New agent on it", f"{path}/change"):
        assert words not in text


async def test_the_built_in_source_is_neither_changed_nor_deleted(company: Company) -> None:
    browser = await Browser.of(company)
    for path in ("change", "passages"):
        assert (await browser.get(f"/data-sources/ds_headwater/{path}")).status_code == 409
    for path in ("delete", "sync", "test", "change"):
        assert (await browser.post(f"/data-sources/ds_headwater/{path}", source_name="x")).status_code == 409
    assert "/delete" not in (await browser.get("/data-sources/ds_headwater")).text
