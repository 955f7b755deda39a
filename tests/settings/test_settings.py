"""Settings come from the file and the environment, and anything wrong stops the start in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwater.settings import DESCRIPTIONS, Settings, SettingsError, load


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "headwater.toml"


def environment(file: Path, **variables: str) -> dict[str, str]:
    return {"HEADWATER_CONFIG": str(file), **variables}


def refusal(environ: dict[str, str], **overrides: object) -> str:
    with pytest.raises(SettingsError) as refused:
        load(environ, **overrides)
    return str(refused.value)


def test_every_setting_is_described_in_a_sentence() -> None:
    assert list(DESCRIPTIONS) == list(Settings.__struct_fields__)
    assert all(text.endswith(".") and text[0].isupper() for text in DESCRIPTIONS.values())


def test_the_defaults_need_no_file_and_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load({}) == Settings()


def test_the_file_of_the_working_directory_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "headwater.toml").write_text("port = 9000\n", "utf-8")
    assert load({}).port == 9000


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(file: Path) -> None:
    file.write_text('port = 9000\nhost = "0.0.0.0"\nlog_level = "debug"\n', "utf-8")
    found = load(environment(file, HEADWATER_PORT="9001", HEADWATER_HOST="::1"), port=9002, host=None)
    assert (found.port, found.host, found.log_level) == (9002, "::1", "debug")


@pytest.mark.parametrize("address", ["headwater.example", "ftp://x", "https://", "https://x/#y", "https://a b"])
def test_links_need_an_address_to_begin_with(address: str) -> None:
    assert "public_url" in refusal({"HEADWATER_PUBLIC_URL": address})
    assert load({"HEADWATER_PUBLIC_URL": "https://headwater.example/at"}).public_url == "https://headwater.example/at"


def test_other_programs_variables_are_left_alone() -> None:
    assert load({"PORT": "1", "HEADWATERS_PORT": "2", "HEADWATER_REAL_DATA": "somewhere"}).port == 8000


@pytest.mark.parametrize("source", ["file", "environment", "command line"])
def test_an_unknown_name_stops_the_start_with_the_nearest(file: Path, source: str) -> None:
    file.write_text("query_timout = 5\n" if source == "file" else "", "utf-8")
    variables = {"HEADWATER_QUERY_TIMOUT": "5"} if source == "environment" else {}
    overrides = {"query_timout": 5} if source == "command line" else {}
    message = refusal(environment(file, **variables), **overrides)
    assert "Unknown setting 'query_timout'" in message
    assert "Did you mean 'query_timeout'?" in message


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "65536", "<= 65535"),
        ("PORT", "http", "int"),
        ("QUERY_TIMEOUT", "0", "> 0"),
        ("CACHE_BYTES", "-1", ">= 0"),
        ("REGISTRATION", "public", "public"),
        ("TRUSTED_PROXIES", "-1", ">= 0"),
    ],
)
def test_a_value_out_of_range_is_named_with_what_is_allowed(name: str, value: str, said: str) -> None:
    message = refusal({f"HEADWATER_{name}": value})
    assert name.lower() in message
    assert said in message


def test_zero_is_a_value_where_it_means_off() -> None:
    found = load({"HEADWATER_CACHE_BYTES": "0", "HEADWATER_PORT": "0"})
    assert (found.cache_bytes, found.port) == (0, 0)


def test_a_named_file_must_exist(file: Path) -> None:
    assert f"names {file}, which does not exist" in refusal(environment(file))


@pytest.mark.parametrize("content", [b"port = ", b"port = 1\nport = 2", b"\xff"])
def test_a_file_that_is_not_toml_is_named(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert f"{file} is not valid TOML" in refusal(environment(file))
