"""Uploaded tables into PostgreSQL: temporary ones, on the connection that will run the query.

The reader's transactions are read-only. One that has uploads begins as one that may write, loads
them, and is made read-only before the user's query runs: it can't be made otherwise again. When it
ends, by rollback, the tables are gone.
"""

from collections.abc import Iterable

import adbc_driver_postgresql.dbapi as adbc

from tap.uploaded_tables import UploadedTable, UploadError

# internal error, by which pgSphere refuses a shape, and data exceptions
_REFUSALS = ("XX", "22")


def load(cursor: adbc.Cursor, uploads: Iterable[UploadedTable]) -> None:
    """Make the tables; raises ``adbc.Error``, and `UploadError` where a shape is none."""
    cursor.execute("SET TRANSACTION READ WRITE")
    for upload in uploads:
        table = upload.table.source
        cursor.adbc_ingest(table, upload.rows, mode="create", temporary=True)
        if upload.shapes:
            _make_shapes(cursor, upload)
        for index in _indexes(upload):
            cursor.execute(f"CREATE INDEX ON pg_temp.{table} USING gist ({index})")
        # without it PostgreSQL would guess the size, and how to join
        cursor.execute(f"ANALYZE pg_temp.{table}")
    cursor.execute("SET TRANSACTION READ ONLY")


def _make_shapes(cursor: adbc.Cursor, upload: UploadedTable) -> None:
    changes = ", ".join(
        f"ALTER COLUMN {_quoted(column)} TYPE {shape} USING {_quoted(column)}::{shape}"
        for column, shape in upload.shapes
    )
    try:
        cursor.execute(f"ALTER TABLE pg_temp.{upload.table.source} {changes}")
    except adbc.Error as error:
        if (error.sqlstate or "")[:2] in _REFUSALS:
            raise UploadError(
                upload.table.name,
                "has a polygon that crosses itself, or is larger than a hemisphere",
            ) from error
        raise


def _indexes(upload: UploadedTable) -> Iterable[str]:
    """As `adql.postgres` says that queries can use them."""
    yield from (_quoted(column) for column, _ in upload.shapes)
    if upload.positions is not None:
        longitude, latitude = map(_quoted, upload.positions)
        yield f"spoint(radians({longitude}), radians({latitude}))"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
