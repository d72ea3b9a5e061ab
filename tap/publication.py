"""Publishing tables: a view each, the reader's rights, and the rows of TAP_SCHEMA.

Views are plain, so that PostgreSQL uses the indexes of the stored tables below them. Each carries
the digest of its definition as its comment; a view whose definition hasn't changed isn't touched,
so publishing again waits for no query and holds up none.
"""

import hashlib
import logging
from collections.abc import Iterable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from adql.schema import Catalogue, Schema, Table
from dali.fields import Field
from tap.models import ColumnRow, KeyColumnRow, KeyRow, SchemaRow, TableRow
from tap.names import as_written, qualified

_log = logging.getLogger(__name__)
# any number that nothing else locks on: two processes must not publish at once
_LOCK = 0x7AB_5C4E
_SCHEMA_MARK = "Published by the TAP service"
_VIEW_MARK = "TAP view "


def publish(catalogue: Catalogue, reader: str | None, using: str = DEFAULT_DB_ALIAS) -> None:
    """Make the database show exactly what the catalogue says, in one transaction.

    reader: the role that may read the views, and nothing else. A table whose stored relation isn't
    there (a migration was taken back) is left out and logged; nothing is published before TAP's own
    tables are there.
    """
    connection = connections[using]
    with transaction.atomic(using), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if not _is_there(cursor, SchemaRow._meta.db_table):
            return
        stored = Catalogue(tuple(_with_stored_tables(cursor, s) for s in catalogue.schemas))
        _make_schemas(cursor, stored)
        _make_views(cursor, stored)
        if reader is not None:
            _grant(connection, cursor, stored, reader)
        _write_tap_schema(stored, using)


def withdraw(using: str = DEFAULT_DB_ALIAS) -> None:
    """Drop every published view, so that a migration may change the tables below them."""
    with transaction.atomic(using), connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        for schema, view in _published_views(cursor):
            cursor.execute(f"DROP VIEW {_quoted(schema)}.{_quoted(view)}")


def view_definition(table: Table) -> str:
    """The query of a table's view."""
    columns = ", ".join(
        f"{c.source or _quoted(c.name)} AS {_quoted(c.name)}" for c in table.columns
    )
    return f"SELECT {columns} FROM {table.source}"  # noqa: S608 - declared by our rooms, not asked


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _view(table: Table) -> str:
    return f"{_quoted(table.schema)}.{_quoted(table.name)}"


def _is_there(cursor: CursorWrapper, relation: str) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [relation])
    return bool(cursor.fetchone()[0])


def _with_stored_tables(cursor: CursorWrapper, schema: Schema) -> Schema:
    """The schema with those of its tables whose stored relation is there."""
    kept = []
    for table in schema.tables:
        if _is_there(cursor, table.source):
            kept.append(table)
        else:
            _log.warning("%s is not published: no %s", table.qualified_name, table.source)
    return Schema(schema.name, schema.description, tuple(kept), schema.utype)


def _make_schemas(cursor: CursorWrapper, catalogue: Catalogue) -> None:
    for schema in catalogue.schemas:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema.name])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE SCHEMA {_quoted(schema.name)}")
            cursor.execute(f"COMMENT ON SCHEMA {_quoted(schema.name)} IS '{_SCHEMA_MARK}'")


def _published_views(cursor: CursorWrapper) -> dict[tuple[str, str], str]:
    """Schema and name of every published view that there is, and its mark."""
    cursor.execute(
        """
        SELECT n.nspname, c.relname, coalesce(obj_description(c.oid, 'pg_class'), '')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'v' AND obj_description(n.oid, 'pg_namespace') = %s
        """,
        [_SCHEMA_MARK],
    )
    return {(schema, view): mark for schema, view, mark in cursor.fetchall()}


def _make_views(cursor: CursorWrapper, catalogue: Catalogue) -> None:
    there = _published_views(cursor)
    wanted = {(t.schema, t.name): t for t in catalogue}
    marks = {key: _VIEW_MARK + _digest(view_definition(t)) for key, t in wanted.items()}
    stale = [key for key, mark in there.items() if marks.get(key) != mark]
    for schema, view in stale:
        cursor.execute(f"DROP VIEW {_quoted(schema)}.{_quoted(view)}")
    for key, table in wanted.items():
        if there.get(key) != marks[key]:
            cursor.execute(f"CREATE VIEW {_view(table)} AS {view_definition(table)}")
            cursor.execute(f"COMMENT ON VIEW {_view(table)} IS '{marks[key]}'")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _grant(
    connection: BaseDatabaseWrapper, cursor: CursorWrapper, catalogue: Catalogue, reader: str
) -> None:
    """Let the reader read the views, and nothing else of ours."""
    role = _quoted(reader)
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [reader])
    if cursor.fetchone() is None:
        _log.warning("the reader's role %s is not there: nobody may read the views", reader)
        return
    # the schema that holds pgSphere must stay usable: users' SQL calls its functions
    cursor.execute(
        "SELECT n.nspname, has_schema_privilege(%s, n.oid, 'USAGE') FROM pg_type t"
        " JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typname = 'spoint'",
        [reader],
    )
    pgsphere = dict(cursor.fetchall())
    cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {role}")
    cursor.execute(f"REVOKE ALL ON SCHEMA public FROM PUBLIC, {role}")
    if "public" in pgsphere:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    for schema, usable in pgsphere.items():
        if not usable and schema != "public":
            cursor.execute(f"GRANT USAGE ON SCHEMA {_quoted(schema)} TO {role}")
    for published in catalogue.schemas:
        name = _quoted(published.name)
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {name} FROM PUBLIC, {role}")
        cursor.execute(f"GRANT USAGE ON SCHEMA {name} TO {role}")
    views = ", ".join(_view(table) for table in catalogue)
    cursor.execute(f"GRANT SELECT ON {views} TO {role}")


def _write_tap_schema(catalogue: Catalogue, using: str) -> None:
    """Replace the rows of TAP_SCHEMA."""
    tables = list(catalogue)
    rows: tuple[tuple[type[Model], list[Any]], ...] = (
        (SchemaRow, [_schema_row(s, n) for n, s in enumerate(catalogue.schemas, 1)]),
        (TableRow, [_table_row(t, n) for n, t in enumerate(tables, 1)]),
        (ColumnRow, [row for t in tables for row in _column_rows(t)]),
        (KeyRow, [row for t in tables for row in _key_rows(t)]),
        (KeyColumnRow, [row for t in tables for row in _key_column_rows(t)]),
    )
    for model, made in rows:
        manager = model._default_manager.using(using)
        manager.all().delete()
        manager.bulk_create(made)


def _schema_row(schema: Schema, index: int) -> SchemaRow:
    return SchemaRow(
        schema_name=as_written(schema.name),
        utype=schema.utype,
        description=schema.description or None,
        schema_index=index,
    )


def _table_row(table: Table, index: int) -> TableRow:
    return TableRow(
        table_name=qualified(table),
        schema_name=as_written(table.schema),
        table_type="view",
        utype=table.utype,
        description=table.description or None,
        table_index=index,
    )


def _column_rows(table: Table) -> Iterable[ColumnRow]:
    for index, column in enumerate(table.columns, 1):
        field = Field.of(column)
        yield ColumnRow(
            table_name=qualified(table),
            column_name=as_written(column.name),
            datatype=field.datatype,
            arraysize=field.arraysize,
            xtype=field.xtype,
            size=field.fixed_size if field.arraysize else None,
            description=field.description,
            utype=field.utype,
            unit=field.unit,
            ucd=field.ucd,
            indexed=int(column.indexed),
            principal=int(column.principal),
            std=int(column.std),
            column_index=index,
        )


def _key_id(table: Table, number: int) -> str:
    return f"{qualified(table)}-{number}"


def _key_rows(table: Table) -> Iterable[KeyRow]:
    for number, key in enumerate(table.foreign_keys, 1):
        yield KeyRow(
            key_id=_key_id(table, number),
            from_table=qualified(table),
            target_table=key.target,
            description=key.description or None,
            utype=key.utype,
        )


def _key_column_rows(table: Table) -> Iterable[KeyColumnRow]:
    for number, key in enumerate(table.foreign_keys, 1):
        for here, there in key.columns:
            yield KeyColumnRow(
                key_id=_key_id(table, number),
                from_column=as_written(here),
                target_column=as_written(there),
            )
