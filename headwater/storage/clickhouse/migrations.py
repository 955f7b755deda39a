"""Brings a database to the tables of the catalogue, statement by statement; each may be repeated.

ClickHouse has no transaction for tables, so nothing here says how far it came: what is missing is
made, what is there is left. It may be stopped anywhere and begun again. A rollup that is added
over facts that exist needs a step of its own that sums them.
"""

from __future__ import annotations

from collections.abc import Mapping

from headwater.catalogue.model import Dataset
from headwater.storage.clickhouse.link import Link
from headwater.storage.clickhouse.tables import tables, views
from headwater.storage.clickhouse.topology import Topology


def migrate(link: Link, topology: Topology, catalogue: Mapping[str, Dataset]) -> None:
    """Make what is missing; views last, since rows must find their targets."""
    wanted = tables(catalogue)
    # What is here may be missing on others of a cluster.
    made = {} if topology.cluster else _columns(link, topology)
    for table in wanted:
        if table.name not in made:
            for statement in topology.create_table(table):
                link.run(statement)
    present = _columns(link, topology)
    for table in wanted:
        for name, type_ in table.columns:
            if name not in present[table.name]:
                for statement in topology.add_column(table, name, type_):
                    link.run(statement)
    for view in views(catalogue):
        if view.name not in made:
            link.run(topology.create_view(view))


def _columns(link: Link, topology: Topology) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    asked = "SELECT table, name FROM system.columns WHERE database = {p0:String}"
    for table, name in link.rows(asked, (topology.database,)):
        found.setdefault(table, set()).add(name)
    return found
