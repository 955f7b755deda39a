"""A company's data sources: connected, uploaded, queried (contract: agents-and-accounts)."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from headwater.control.organisations.models import Organisation
from headwater.control.sources.models import DataSource
from headwater.control.sources.service import DataSources
from headwater.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    PaymentRequired,
    Timeout,
    Unavailable,
    UpstreamError,
)
from headwater.sources.config import TYPES, Config, Files, changed, masked, read, type_of
from headwater.sources.schema import ResultColumn, Rows, Schema
from headwater.surfaces._http import sources
from headwater.surfaces._http.endpoint import ASK, READ, WRITE, Answers, Call, Endpoint, Reply
from headwater.surfaces._http.multipart import MEDIA_TYPE, Form, Part, read_form
from headwater.surfaces._http.paid import paid_query
from headwater.surfaces._http.people import Success
from headwater.surfaces.agents import data_sources_contract as contract
from headwater.tools.citation import BUILT_IN
from headwater.tools.data import BUILT_IN_NAME, SqlAnswer

_SOURCES: Final = sources.SOURCES
_ONE: Final = f"{_SOURCES}/{{connection_id}}"
_TAG: Final = "Data sources"


async def list_sources(call: Call[Any, bytes]) -> Reply:
    """All sources, newest first; the built-in one last."""
    async with call.services.control.reading() as session:
        found = [_row(one) for one in await DataSources(session, call.scope).list()]
        return Reply(contract.AllSources([*found, contract.SourceRow(**await _built_in(session, call))]))


async def connect_source(call: Call[Any, contract.ConnectBody]) -> Reply:
    """A new source, tested before it is saved where that is wanted."""
    body = call.body
    config = read(body.connection_config)
    _check_type(body.source_type, config)
    wanted = sources.Wanted(
        source_name=body.source_name,
        config=config,
        mode=body.mode,
        sync_interval_minutes=body.sync_interval_minutes,
        test_connection=body.test_connection,
    )
    return Reply(contract.OneSource(_details(await sources.connect(call, wanted), config)), 201)


async def get_source(call: Call[Any, bytes]) -> Reply:
    """One source; its secrets are hidden."""
    async with call.services.control.reading() as session:
        return Reply(contract.OneSource(await _shown(session, call)))


async def update_source(call: Call[Any, contract.SourcePatch]) -> Reply:
    """Change the fields that were sent."""
    body, source_id = call.body, _own(call)
    before = (await call.services.connections.known(call.scope, source_id)).config
    if isinstance(before, Files) and (body.mode is not UNSET or body.connection_config or body.sync_interval_minutes):
        raise Conflict("Of uploaded files only 'source_name' can be changed. Upload them again as a new data source.")
    config = before if body.connection_config is UNSET else changed(before, body.connection_config)
    changes = sources.Changes(
        source_name=body.source_name,
        config=config,
        mode=body.mode,
        sync_interval_minutes=body.sync_interval_minutes,
        test_connection=body.test_connection,
    )
    return Reply(contract.OneSource(_details(await sources.change(call, source_id, before, changes), config)))


async def delete_source(call: Call[Any, bytes]) -> Reply:
    """Remove a source, with its files or copy."""
    await sources.remove(call, _own(call))
    return Reply(Success(True, "Data source deleted"))


async def test_source(call: Call[Any, bytes]) -> Reply:
    """Whether a source can be connected to now."""
    if call.path["connection_id"] == BUILT_IN:
        return Reply(contract.TestResult(True, "Connection successful", 0))
    tested = await call.services.connections.test(call.scope, call.path["connection_id"])
    message = tested.reason or "Connection successful"
    return Reply(contract.TestResult(not tested.reason, message, tested.milliseconds))


async def sync_source(call: Call[Any, bytes]) -> Reply:
    """Copy an offline source now."""
    copied = await call.services.connections.sync(call.scope, _own(call))
    async with call.services.control.reading() as session:
        return Reply(contract.Synced(await _shown(session, call), list(copied.tables), copied.rows))


async def upload_source(call: Call[Any, bytes]) -> Reply:
    """A new source of the files of a form."""
    form = await read_form(call.raw, call.headers.content_type)
    parts, name = _parts(form), _name(form)
    taken = await sources.upload(call, name, parts)
    return Reply(contract.Uploaded(_details(taken.source, taken.config), list(taken.tables), taken.passages), 201)


async def query_source(call: Call[Any, contract.QueryBody]) -> Reply:
    """Run a query that reads; it costs credits, unless it fails."""
    body = call.body
    return Reply(_result(await paid_query(call, body.connection_id, body.query, body.params, body.limit)))


async def get_schema(call: Call[Any, bytes]) -> Reply:
    """What a source holds."""
    return Reply(_schema(await call.services.tools.data.get_schema(call.path["connection_id"], call.scope)))


def _own(call: Call[Any, Any]) -> str:
    return sources.hold_own(call.path["connection_id"])


def _check_type(source_type: str, config: Config) -> None:
    kind = TYPES[type_of(config)]
    if source_type == "file":
        raise InvalidRequest(
            f"Files are uploaded: POST {_SOURCES}/upload.", field="source_type", allowed=["database", "api"]
        )
    if source_type != kind:
        raise InvalidRequest(
            f"'source_type' of a connection of type '{type_of(config)}' is '{kind}'.", field="source_type", allowed=kind
        )


async def _shown(session: AsyncSession, call: Call[Any, Any]) -> contract.SourceDetails:
    if call.path["connection_id"] == BUILT_IN:
        return contract.SourceDetails(**await _built_in(session, call), connection_config={})
    own = DataSources(session, call.scope)
    source = await own.get(call.path["connection_id"])
    return _details(source, own.config(source))


async def _built_in(session: AsyncSession, call: Call[Any, Any]) -> dict[str, Any]:
    organisation = await session.get_one(Organisation, call.scope.organisation_id)
    return {
        "connection_id": BUILT_IN,
        "source_name": BUILT_IN_NAME,
        "source_type": "database",
        "engine": "headwater",
        "mode": "online",
        "status": "connected",
        "last_error": None,
        "sync_interval_minutes": None,
        "last_synced_at": None,
        "created_at": organisation.created_at,
        "updated_at": organisation.created_at,
    }


def _fields(source: DataSource) -> dict[str, Any]:
    given = {"connection_id": source.id, "source_type": TYPES[source.engine]}
    names = [name for name in contract.SourceRow.__struct_fields__ if name not in given]
    return {**given, **{name: getattr(source, name) for name in names}}


def _row(source: DataSource) -> contract.SourceRow:
    return contract.SourceRow(**_fields(source))


def _details(source: DataSource, config: Config) -> contract.SourceDetails:
    return contract.SourceDetails(**_fields(source), connection_config=masked(config))


def _parts(form: Form) -> tuple[Part, ...]:
    """The files; ``InvalidRequest`` where there is none, or one without a name."""
    parts = tuple(part for part in form.files if part.field == "file")
    strays = [part.field for part in form.files if part.field != "file"]
    if strays:
        raise InvalidRequest(f"Files are sent in parts named 'file', not '{strays[0][:64]}'.", field="file")
    if not parts:
        raise InvalidRequest("At least one part 'file' is required.", field="file")
    if not all(part.name for part in parts):
        raise InvalidRequest("Each part 'file' needs a file name.", field="file")
    return parts


def _name(form: Form) -> str:
    unknown = sorted(form.fields.keys() - {"source_name"})
    if unknown:
        raise InvalidRequest(f"'{unknown[0][:64]}' is unknown.", field=unknown[0][:64], allowed=["file", "source_name"])
    if not form.fields.get("source_name", "").strip():
        raise InvalidRequest("'source_name' is required.", field="source_name")
    return form.fields["source_name"]


def _result(answer: SqlAnswer) -> contract.QueryResult:
    rows = answer.rows
    columns = [contract.NamedColumn(one.name, one.type) for one in rows.columns]
    return contract.QueryResult(
        _objects(rows.columns, rows), len(rows.rows), columns, rows.truncated, answer.execution_time_ms
    )


def _objects(columns: tuple[ResultColumn, ...], rows: Rows) -> list[dict[str, Any]]:
    names = [one.name for one in columns]
    return [dict(zip(names, row, strict=True)) for row in rows.rows]


def _schema(schema: Schema) -> contract.SchemaBody:
    return contract.SchemaBody(
        schema.dialect,
        [
            contract.TableRow(
                table.name,
                [contract.ColumnRow(one.name, one.type, one.nullable, one.primary_key) for one in table.columns],
                [contract.KeyRow(list(one.columns), one.table, list(one.referred)) for one in table.foreign_keys],
                table.row_estimate,
                [dict(zip((one.name for one in table.columns), row, strict=True)) for row in table.sample],
            )
            for table in schema.tables
        ],
    )


_FORM_EXAMPLE: Final = (
    '--boundary\r\nContent-Disposition: form-data; name="source_name"\r\n\r\nMy File\r\n'
    '--boundary\r\nContent-Disposition: form-data; name="file"; filename="orders.csv"\r\n\r\n'
    "id,amount\n1,10.5\n\r\n--boundary--\r\n"
)

ENDPOINTS = [
    Endpoint(
        "GET",
        _SOURCES,
        list_sources,
        READ,
        "List data sources",
        _TAG,
        {200: Answers("All sources, newest first.", contract.AllSources, {"data_sources": [contract.EXAMPLE]})},
        description=f"`{BUILT_IN}`, your company's own measurements, is always there, as the last.",
    ),
    Endpoint(
        "POST",
        f"{_SOURCES}/connect",
        connect_source,
        WRITE,
        "Connect a data source",
        _TAG,
        {201: Answers("The source.", contract.OneSource, {"data_source": contract.DETAILS_EXAMPLE})},
        description="With `test_connection` a failure answers 400 with the driver's reason, and nothing is saved."
        " Hosts that lead to loopback, private or link-local addresses are refused, unless the server's setting"
        " `allow_private_hosts` lets the first two. Secrets are encrypted, and never come back.",
        body=contract.ConnectBody,
        body_example=contract.CONNECT_EXAMPLE,
    ),
    Endpoint(
        "POST",
        f"{_SOURCES}/upload",
        upload_source,
        WRITE,
        "Upload files as a data source",
        _TAG,
        {
            201: Answers(
                "The source, its tables, and how many passages can be searched.",
                contract.Uploaded,
                {"data_source": contract.FILE_EXAMPLE, "tables": ["orders", "passages"], "passages": 12},
            )
        },
        description="One or more parts `file`, and `source_name`. CSV, TSV, XLSX, JSON, NDJSON and Parquet become"
        " tables named after the file, a SQLite or DuckDB file is taken over table by table; PDF, DOCX, Markdown,"
        " HTML and text become searchable passages. All is queried in DuckDB's SQL.",
        raw_body=(MEDIA_TYPE,),
        body_example=_FORM_EXAMPLE,
        max_body=sources.upload_limit,
    ),
    Endpoint(
        "POST",
        f"{_SOURCES}/query",
        query_source,
        ASK,
        "Query a data source",
        _TAG,
        {200: Answers("Rows, as objects.", contract.QueryResult, contract.RESULT_EXAMPLE)},
        description="Costs `credits_per_query` credits, unless it fails. One statement that reads: SELECT, WITH …"
        " SELECT, EXPLAIN of one, or SHOW; functions that reach files or networks are refused. Stopped after the"
        " server's `source_query_timeout`. Needs a key with `write`, since it spends; the role viewer will do.",
        body=contract.QueryBody,
        body_example=contract.QUERY_EXAMPLE,
        errors=(NotFound, PaymentRequired, Timeout, Unavailable, UpstreamError),
    ),
    Endpoint(
        "GET",
        _ONE,
        get_source,
        READ,
        "Get a data source",
        _TAG,
        {200: Answers("The source.", contract.OneSource, {"data_source": contract.DETAILS_EXAMPLE})},
    ),
    Endpoint(
        "PUT",
        _ONE,
        update_source,
        WRITE,
        "Change a data source",
        _TAG,
        {200: Answers("The source.", contract.OneSource, {"data_source": contract.DETAILS_EXAMPLE})},
        description="What is left out stays. A secret that is sent as `********`, or left out, stays too, unless the"
        " place that it is for changes (`host`, `port`, `base_url`, `account`, `tls`): then it is to be given again.",
        body=contract.SourcePatch,
        body_example=contract.PATCH_EXAMPLE,
        errors=(Conflict,),
    ),
    Endpoint(
        "DELETE",
        _ONE,
        delete_source,
        WRITE,
        "Delete a data source",
        _TAG,
        {200: Answers("Deleted.", Success, {"success": True, "message": "Data source deleted"})},
        description="With its uploaded files, or its copy.",
        errors=(Conflict,),
    ),
    Endpoint(
        "POST",
        f"{_ONE}/test-connection",
        test_source,
        WRITE,
        "Test a data source's connection",
        _TAG,
        {
            200: Answers(
                "Whether it worked; a failure answers 200 too, with `connected: false` and the reason.",
                contract.TestResult,
                {"connected": True, "message": "Connection successful", "latency_ms": 50},
            )
        },
    ),
    Endpoint(
        "POST",
        f"{_ONE}/sync",
        sync_source,
        WRITE,
        "Copy an offline data source now",
        _TAG,
        {
            200: Answers(
                "The source, and what was copied.",
                contract.Synced,
                {"data_source": contract.OFFLINE_EXAMPLE, "tables": ["users"], "rows": 1200},
            )
        },
        description="The copy of before stays until the new one is whole.",
        errors=(Timeout, UpstreamError),
    ),
    Endpoint(
        "GET",
        f"{_ONE}/schema",
        get_schema,
        READ,
        "Get a data source's tables",
        _TAG,
        {200: Answers("Tables, columns, keys and a few rows.", contract.SchemaBody, contract.SCHEMA_EXAMPLE)},
        errors=(Conflict, UpstreamError),
    ),
]
