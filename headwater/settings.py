"""Every knob of the server: name, type, default and one sentence.

Values come from ``headwater.toml`` (in the working directory, or the file that
``HEADWATER_CONFIG`` names) and from ``HEADWATER_*`` variables, which win. An
unknown name or a value out of range stops the start and says what is allowed.
``docs/settings.md`` is generated from this file.

>>> load({"HEADWATER_QUERY_TIMEOUT": "5"}).query_timeout
5.0
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from headwater.kit.suggest import did_you_mean

MIB = 1024 * 1024

_Seconds = Annotated[float, Meta(gt=0)]
_Bytes = Annotated[int, Meta(gt=0)]
_Url = Annotated[str, Meta(pattern=r"^(https?://[^\s?#]+)?$")]
_FactsUrl = Annotated[str, Meta(pattern=r"^(clickhouse://\S+)?$")]
_CacheUrl = Annotated[str, Meta(pattern=r"^((valkeys?|rediss?)://\S+)?$")]
_ControlUrl = Annotated[str, Meta(pattern=r"^(postgresql(\+asyncpg)?://\S+)?$")]
_Credits = Annotated[int, Meta(ge=0, le=1_000_000)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings; ``DESCRIPTIONS`` says what each is for."""

    data_dir: str = ".data"
    facts_url: _FactsUrl = ""
    cache_url: _CacheUrl = ""
    control_url: _ControlUrl = ""
    secrets_file: str = ""
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    drain_seconds: Annotated[float, Meta(ge=0, le=600)] = 0.0
    public_url: _Url = ""
    default_plan: str = "enterprise"
    registration: Literal["open", "invite", "closed"] = "open"
    max_body_bytes: _Bytes = MIB
    max_ingest_bytes: _Bytes = 64 * MIB
    body_timeout: _Seconds = 20.0
    query_timeout: _Seconds = 30.0
    query_memory_bytes: _Bytes = 1024 * MIB
    query_threads: Annotated[int, Meta(ge=1)] = 2
    max_bucket_rows: Annotated[int, Meta(ge=1)] = 20_000
    cache_bytes: Annotated[int, Meta(ge=0)] = 64 * MIB
    max_upload_bytes: _Bytes = 64 * MIB
    source_files_dir: str = ""
    source_query_timeout: _Seconds = 30.0
    source_row_limit: Annotated[int, Meta(ge=1)] = 10_000
    source_copy_rows: Annotated[int, Meta(ge=1)] = 100_000
    source_copy_bytes: _Bytes = 256 * MIB
    source_copy_timeout: _Seconds = 300.0
    ingest_queue_events: Annotated[int, Meta(ge=1)] = 1_000_000
    ingest_commit_events: Annotated[int, Meta(ge=1)] = 100_000
    compact_after_rows: Annotated[int, Meta(ge=1)] = 200_000
    access_token_minutes: Annotated[int, Meta(ge=1)] = 15
    refresh_token_days: Annotated[int, Meta(ge=1)] = 30
    session_days: Annotated[int, Meta(ge=1)] = 14
    smtp_host: str = ""
    smtp_port: Annotated[int, Meta(ge=1, le=65535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str = ""
    smtp_password: str = ""
    smtp_timeout: _Seconds = 30.0
    mail_from: str = "Headwater <headwater@localhost>"
    credits_per_execution: _Credits = 1
    credits_per_query: _Credits = 1
    credits_per_1k_tokens: _Credits = 1
    credit_price: Annotated[str, Meta(pattern=r"^\d{1,6}(\.\d{1,6})?$")] = "0.01"
    # Payment gateways count in the smallest coin; those with a thousandth are not taken.
    currency: Annotated[str, Meta(pattern=r"^(?!bhd|iqd|jod|kwd|lyd|omr|tnd)[a-z]{3}$")] = "usd"
    stripe_api_key: str = ""
    stripe_webhook_secret: str = ""
    stripe_api_url: _Url = ""
    stripe_timeout: _Seconds = 30.0
    llm_openai_api_key: str = ""
    llm_openai_base_url: _Url = ""
    llm_anthropic_api_key: str = ""
    llm_anthropic_base_url: _Url = ""
    llm_google_api_key: str = ""
    llm_google_base_url: _Url = ""
    llm_mistral_api_key: str = ""
    llm_mistral_base_url: _Url = ""
    llm_bedrock_api_key: str = ""
    llm_bedrock_base_url: _Url = ""
    llm_bedrock_region: str = "us-east-1"
    llm_compatible_api_key: str = ""
    llm_compatible_base_url: _Url = ""
    model_aliases: Annotated[str, Meta(pattern=r"^([^,=\s]+=[^,=\s]+(,[^,=\s]+=[^,=\s]+)*)?$")] = ""
    whatsapp_api_url: _Url = "https://graph.facebook.com"
    messenger_api_url: _Url = "https://graph.facebook.com"
    telegram_api_url: _Url = "https://api.telegram.org"
    slack_api_url: _Url = "https://slack.com/api"
    agent_timeout: _Seconds = 60.0
    agent_steps: Annotated[int, Meta(ge=1, le=50)] = 10
    agent_tokens: Annotated[int, Meta(ge=1000)] = 50_000
    chat_messages_per_minute: Annotated[int, Meta(ge=1)] = 20
    conversation_messages_per_hour: Annotated[int, Meta(ge=1)] = 60
    jobs: bool = True
    trusted_proxies: Annotated[int, Meta(ge=0)] = 0
    allow_private_hosts: bool = False
    metrics_token: str = ""
    traces: bool = False
    log_format: Literal["pretty", "json"] = "pretty"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def behind_tls(self) -> bool:
        """Whether people reach the server by TLS, which a proxy in front ends."""
        return self.public_url.startswith("https://")

    @property
    def address(self) -> str:
        """Where the server listens, as a URL without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def origin(self) -> str:
        """The server's address as its users see it, without a slash at the end."""
        return self.public_url.rstrip("/") or self.address


DESCRIPTIONS: dict[str, str] = {
    "data_dir": "Folder that holds everything: facts, control plane, secrets.",
    "facts_url": "ClickHouse for the facts: `clickhouse://user:password@host:8123/database`, with options as"
    " docs/operations.md has them; empty keeps them in the data directory. Needs `pip install headwater[clickhouse]`.",
    "cache_url": "Valkey or Redis that all processes share: `valkey://user:password@host:6379/0`, or `valkeys://` for"
    " TLS, with options as docs/operations.md has them; empty is for one process. Needs"
    " `pip install headwater[valkey]`.",
    "control_url": "PostgreSQL that keeps accounts, entities and all else that people edit,"
    " `postgresql://user:password@host:5432/database`; empty keeps them in the data directory."
    " Needs `pip install headwater[postgres]`.",
    "secrets_file": "File of the server's own secrets, which all processes share; empty takes `secrets.json` of the"
    " data directory.",
    "host": "Address to listen on.",
    "port": "Port to listen on; 0 takes a free one.",
    "workers": "Processes that answer on this machine; more than one need `facts_url` and `cache_url`.",
    "drain_seconds": "How long a server that is told to stop goes on answering while `/health/ready` says 503, so that"
    " a load balancer can send requests elsewhere.",
    "public_url": "The server's address as its users see it; empty takes http://host:port.",
    "default_plan": "Plan that a new organisation gets.",
    "registration": "Who may register: anyone, only invited people, or nobody.",
    "max_body_bytes": "Largest request body, in bytes, where no other limit applies.",
    "max_ingest_bytes": "Largest ingest body, in bytes, as sent and after decompression.",
    "body_timeout": "Seconds that a request's body may be late in all, beside one for each 500 bytes of it.",
    "query_timeout": "Seconds after which a query is stopped and answered with 504.",
    "query_memory_bytes": "Memory that the embedded engine may use before it spills to disk.",
    "query_threads": "Threads that the embedded engine may use for one query.",
    "max_bucket_rows": "Most buckets times ids that one question may ask for.",
    "cache_bytes": "Memory for cached answers; 0 turns the cache off.",
    "max_upload_bytes": "Largest upload of files as a data source, in bytes.",
    "source_files_dir": "Folder whose SQLite and DuckDB files every company may connect to; empty lets none.",
    "source_query_timeout": "Seconds after which a query of a data source is stopped and answered with 504.",
    "source_row_limit": "Most rows that a query of a data source answers.",
    "source_copy_rows": "Most rows of one table that an offline data source may have.",
    "source_copy_bytes": "About the most bytes of one table that an offline data source may have.",
    "source_copy_timeout": "Seconds that copying one table of an offline data source may take.",
    "ingest_queue_events": "Events that may wait for the writer before ingest answers 503.",
    "ingest_commit_events": "Events that one commit takes at most.",
    "compact_after_rows": "Fresh sums that may wait to be merged; beside large rollups, a quarter of their rows.",
    "access_token_minutes": "Life of an access token, in minutes.",
    "refresh_token_days": "Life of a refresh token, in days.",
    "session_days": "Life of a cookie session, in days.",
    "smtp_host": "Mail server that mails go through; empty writes them to `outbox/` in the data directory.",
    "smtp_port": "Its port.",
    "smtp_security": "How the connection to it is secured; where it cannot be, nothing is sent.",
    "smtp_username": "Name to log in with at the mail server; empty does not log in.",
    "smtp_password": "Password for it.",
    "smtp_timeout": "Seconds after which a mail is given up.",
    "mail_from": "Address that mails come from, with or without a name.",
    "credits_per_execution": "Credits that one execution of an agent costs, before its tokens.",
    "credits_per_query": "Credits that one query of a data source costs.",
    "credits_per_1k_tokens": "Credits for each thousand tokens of a model that is begun.",
    "credit_price": "Price of one credit, a decimal number of the currency's units.",
    "currency": "Currency of prices and invoices, by its three lower-case letters; none with three decimals.",
    "stripe_api_key": "Secret key of Stripe; empty takes no payments by card. Needs `pip install headwater[stripe]`.",
    "stripe_webhook_secret": "Secret with which Stripe signs its events; empty takes none.",
    "stripe_api_url": "Where Stripe is asked; empty takes its own address. For tests.",
    "stripe_timeout": "Seconds after which a request to Stripe is given up.",
    "llm_openai_api_key": "Key for models of OpenAI; empty takes none. Needs `pip install headwater[models]`.",
    "llm_openai_base_url": "Where OpenAI is asked; empty takes its own address.",
    "llm_anthropic_api_key": "Key for models of Anthropic; empty takes none. Needs `pip install headwater[models]`.",
    "llm_anthropic_base_url": "Where Anthropic is asked; empty takes its own address.",
    "llm_google_api_key": "Key for models of Google; empty takes none. Needs `pip install headwater[models]`.",
    "llm_google_base_url": "Where Google is asked; empty takes its own address.",
    "llm_mistral_api_key": "Key for models of Mistral; empty takes none. Needs `pip install headwater[models]`.",
    "llm_mistral_base_url": "Where Mistral is asked; empty takes its own address.",
    "llm_bedrock_api_key": "Key for models of Amazon Bedrock; empty takes none. Needs `pip install headwater[models]`.",
    "llm_bedrock_base_url": "Where Amazon Bedrock is asked; empty takes its own address.",
    "llm_bedrock_region": "The region of Amazon Bedrock.",
    "llm_compatible_api_key": "Key for a server that speaks as OpenAI does; empty where it wants none.",
    "llm_compatible_base_url": "Such a server (Ollama, vLLM, llama.cpp); its models are named `compatible/…`.",
    "model_aliases": "Other names of models: `name=provider/model`, separated by commas.",
    "whatsapp_api_url": "Where WhatsApp is sent to. For tests.",
    "messenger_api_url": "Where Messenger is sent to. For tests.",
    "telegram_api_url": "Where Telegram is sent to; its bots may be served by a Bot API server of one's own.",
    "slack_api_url": "Where Slack is sent to. For tests.",
    "agent_timeout": "Seconds after which an agent that has not answered is stopped; nothing is charged then.",
    "agent_steps": "Requests to a model that one execution may make.",
    "agent_tokens": "Tokens that one execution may take, read and written; credits for them are held before it.",
    "chat_messages_per_minute": "Messages that one address may send to deployed agents within a minute.",
    "conversation_messages_per_hour": "Messages that one conversation of a chat may have within an hour.",
    "jobs": "Whether this process does nightly and recurring work and sends to webhooks; of several one does each.",
    "trusted_proxies": "How many proxies in front may set X-Forwarded-For; 0 trusts none.",
    "allow_private_hosts": "Whether the server may connect to loopback and private addresses that users name.",
    "metrics_token": "Bearer token for /metrics from other machines; empty answers this machine only.",
    "traces": "Whether traces are sent to a collector, which OTEL_EXPORTER_OTLP_ENDPOINT names; docs/operations.md has"
    " the other variables. Needs `pip install headwater[telemetry]`.",
    "log_format": "Log lines for people (pretty) or machines (json).",
    "log_level": "The least important level that is logged.",
}

SECRET: frozenset[str] = frozenset(
    {
        "facts_url",
        "cache_url",
        "control_url",
        "smtp_password",
        "stripe_api_key",
        "stripe_webhook_secret",
        "llm_openai_api_key",
        "llm_anthropic_api_key",
        "llm_google_api_key",
        "llm_mistral_api_key",
        "llm_bedrock_api_key",
        "llm_compatible_api_key",
    }
)
"""Settings whose values are never shown."""

_PREFIX = "HEADWATER_"
# Not settings: where the settings are, a client's key, and where the tests find their real data and servers.
_OTHER_VARIABLES = frozenset(
    {"HEADWATER_CONFIG", "HEADWATER_KEY", "HEADWATER_REAL_DATA", "HEADWATER_TEST_CLICKHOUSE_URL"}
)


class SettingsError(Exception):
    """The settings cannot be used; the message says which and what is allowed."""


def load(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings; ``overrides`` (from the command line) win over all else."""
    environ = os.environ if environ is None else environ
    values: dict[str, object] = dict(_from_file(environ))
    values.update(_from_environment(environ))
    values.update({name: value for name, value in overrides.items() if value is not None})
    _refuse_unknown(values)
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"Settings: {error}. See docs/settings.md.") from None


def _from_file(environ: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    path = Path(environ.get("HEADWATER_CONFIG", "headwater.toml"))
    if not path.exists():
        if "HEADWATER_CONFIG" in environ:
            raise SettingsError(f"HEADWATER_CONFIG names {path}, which does not exist.")
        return
    try:
        yield from tomllib.loads(path.read_text("utf-8")).items()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    for variable, value in environ.items():
        if variable.startswith(_PREFIX) and variable not in _OTHER_VARIABLES:
            yield variable.removeprefix(_PREFIX).lower(), value


def _refuse_unknown(values: Mapping[str, object]) -> None:
    known = Settings.__struct_fields__
    for name in values:
        if name not in known:
            raise SettingsError(f"Unknown setting '{name}'.{did_you_mean(name, known)} All settings: docs/settings.md.")
