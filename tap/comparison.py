"""Whether published tables are what they say: each `Table` against its view in PostgreSQL.

Run by the tests on every room's tables, so that a migration that changes a stored column without
its declaration is found at once.
"""

from collections.abc import Iterator

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper

from adql.schema import Catalogue, Column, Table

# PostgreSQL's types that a VOTable datatype is published from
_TYPES = {
    "boolean": {"boolean"},
    "short": {"smallint"},
    "int": {"integer"},
    "long": {"bigint"},
    "float": {"real"},
    "double": {"double precision"},
    "char": {"text", "character varying", "character"},
    "unicodeChar": {"text", "character varying", "character"},
}
_TIMESTAMPS = {"timestamp with time zone", "timestamp without time zone"}
_GEOMETRIES = {
    "point": {"spoint"},
    "circle": {"scircle"},
    "polygon": {"spoly"},
    "adql:REGION": {"spoly"},
}


def differences(catalogue: Catalogue, using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Every place where a view isn't what its table declares, in words; none if all is well."""
    with connections[using].cursor() as cursor:
        return [text for table in catalogue for text in _table_differences(cursor, table)]


def _table_differences(cursor: CursorWrapper, table: Table) -> Iterator[str]:
    cursor.execute(
        """
        SELECT a.attname, regexp_replace(format_type(a.atttypid, a.atttypmod), '[(].*[)]', '')
        FROM pg_attribute a WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 ORDER BY a.attnum
        """,
        [f'"{table.schema}"."{table.name}"'],
    )
    real = {name: kind.rpartition(".")[2] for name, kind in cursor.fetchall()}
    declared = [c.name for c in table.columns]
    if list(real) != declared:
        yield f"{table.qualified_name}: columns {list(real)}, but declared {declared}"
        return
    indexed = _indexed_columns(cursor, table)
    for column in table.columns:
        name = f"{table.qualified_name}.{column.name}"
        if real[column.name] not in _published_from(column):
            yield f"{name}: {real[column.name]}, but declared {column.datatype} {column.xtype}"
        if column.indexed and indexed is not None and (column.source or column.name) not in indexed:
            yield f"{name}: declared indexed, but no index begins with it"


def _published_from(column: Column) -> set[str]:
    """The types of PostgreSQL that a column may have."""
    if column.xtype in _GEOMETRIES:
        return _GEOMETRIES[column.xtype]
    types = _TYPES.get(column.datatype, set())
    if column.xtype == "timestamp":
        return types | _TIMESTAMPS
    if column.xtype == "uuid":
        return types | {"uuid"}
    if column.arraysize is not None and column.datatype not in ("char", "unicodeChar"):
        return {f"{kind}[]" for kind in types}
    return types


def _indexed_columns(cursor: CursorWrapper, table: Table) -> set[str] | None:
    """The columns that the stored relation's indexes begin with.

    A column that an expression of an index uses (``spoint(s_ra, s_dec)``) counts as indexed.
    ``None`` where the relation is itself a view, and so has no indexes of its own.
    """
    cursor.execute("SELECT relkind FROM pg_class WHERE oid = to_regclass(%s)", [table.source])
    if cursor.fetchone() == ("v",):
        return None
    cursor.execute(
        """
        SELECT a.attname FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = to_regclass(%(source)s)
        UNION
        SELECT a.attname FROM pg_index i JOIN pg_depend d ON d.objid = i.indexrelid
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE i.indrelid = to_regclass(%(source)s) AND d.refobjid = i.indrelid AND i.indkey[0] = 0
        """,
        {"source": table.source},
    )
    return {name for (name,) in cursor.fetchall()}
