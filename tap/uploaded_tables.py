"""Uploaded tables as queries see them: their columns, and how they are stored while a query runs.

TAP 1.1, section 2.7.5. Columns keep all that the client said of them; in the temporary table those
with unusual names have others, so that no name of a client's can mean anything to PostgreSQL.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import adql
from adql.schema import Column, Schema, Table
from dali import votable_reader
from dali.errors import DaliError
from dali.fields import Field
from tap import uploaded_shapes as shapes
from tap.uploaded_shapes import StoredColumn

_TIMESTAMPS = ("timestamp", "adql:timestamp")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_SYSTEM_COLUMNS = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")


class UploadError(DaliError):
    """A table that was sent and can't be taken; names it."""

    def __init__(self, name: str, problem: str, status: int = 400) -> None:
        """``name`` is the table's, as the client has it."""
        super().__init__(f"UPLOAD: table {name}: {problem}", status)


@dataclass(frozen=True, slots=True)
class UploadedTable:
    """A table that a query may use, and how it is loaded.

    table: as ADQL sees it. rows: as they are sent to PostgreSQL. shapes: pairs of a stored column,
    sent as text, and the type of pgSphere that it becomes. positions: the stored columns of right
    ascension and declination, where the table has such.
    """

    table: Table
    rows: pa.Table
    shapes: tuple[tuple[str, str], ...]
    positions: tuple[str, str] | None


def schema(uploads: Iterable[UploadedTable]) -> Schema:
    """TAP_UPLOAD, for the catalogue of one query."""
    return Schema(
        adql.UPLOAD_SCHEMA, "Tables sent with the query", tuple(upload.table for upload in uploads)
    )


def read(
    name: str, number: int, document: BinaryIO, max_rows: int, memory: int = 1_000_000_000
) -> UploadedTable:
    """The table that a document holds; ``number`` tells it from a query's others.

    memory: bytes that reading may take, about. Raises `DaliError`, and of these
    `votable_reader.NoRoomError` where the memory isn't enough.
    """
    content = votable_reader.read(document, max_rows, memory)
    stored = tuple(_stored(*pair) for pair in zip(content.fields, content.columns, strict=True))
    names = _stored_names([s.column.name for s in stored])
    columns = tuple(replace(s.column, source=n) for s, n in zip(stored, names, strict=True))
    return UploadedTable(
        table=Table(
            schema=adql.UPLOAD_SCHEMA,
            name=name,
            columns=columns,
            description="",
            source=f"upload_{number}",
        ),
        rows=pa.table([s.values for s in stored], names=[str(c.source) for c in columns]),
        shapes=tuple(
            (str(c.source), s.shape) for c, s in zip(columns, stored, strict=True) if s.shape
        ),
        positions=_positions(columns, stored),
    )


def _stored_names(names: list[str]) -> list[str]:
    """Different names that PostgreSQL can hold: a column's own where it is a plain one."""
    taken = set(_SYSTEM_COLUMNS)
    stored = []
    for number, name in enumerate(names, 1):
        is_plain = _PLAIN.fullmatch(name) and name not in taken
        stored.append(name if is_plain else f"#{number}")
        taken.add(stored[-1])
    return stored


def _stored(field: Field, values: pa.Array) -> StoredColumn:
    column = Column(
        name=field.name,
        datatype=field.datatype,
        arraysize=field.arraysize,
        xtype=field.xtype,
        unit=field.unit,
        ucd=field.ucd,
        utype=field.utype,
        description=field.description or "",
        system=field.system,
    )
    xtype = (field.xtype or "").lower()
    if field.is_string:
        if xtype in _TIMESTAMPS:
            return _timestamps(column, values)
        if xtype in ("adql:point", "adql:region"):
            return shapes.of_stc(column, values)
        return _texts(replace(column, xtype=_harmless(column)), values)
    if xtype in shapes.BY_XTYPE and field.is_array and field.datatype in ("float", "double"):
        return shapes.of_numbers(column, values)
    column = replace(column, xtype=_harmless(column))
    return StoredColumn(column, values.cast(_postgres_type(values.type)))


def _harmless(column: Column) -> str | None:
    """The xtype, unless `adql` takes it for one of the types that the values aren't of."""
    special = {"point", "circle", "polygon", "adql:region", "timestamp", "null"}
    return None if (column.xtype or "").lower() in special else column.xtype


def _texts(column: Column, values: pa.Array) -> StoredColumn:
    """Texts as declared, unless some are longer, or of characters that ``char`` doesn't have."""
    limit = re.fullmatch(r"(\d+)\*?", column.arraysize or "1")
    longest = pc.max(pc.utf8_length(values)).as_py() or 0
    if limit is None or longest > int(limit[1]):
        column = replace(column, arraysize="*")
    if column.datatype == "char" and pc.all(pc.string_is_ascii(values)).as_py() is False:
        column = replace(column, datatype="unicodeChar")
    return StoredColumn(column, values)


def _postgres_type(kind: pa.DataType) -> pa.DataType:
    """PostgreSQL has no bytes that are numbers."""
    if pa.types.is_list(kind):
        return pa.list_(_postgres_type(kind.value_type))
    return pa.int16() if kind == pa.uint8() else kind


def _timestamps(column: Column, values: pa.Array) -> StoredColumn:
    """DALI 1.1, section 3.3.3: ISO 8601 in UTC, with or without a Z."""
    texts = [None if not text else text.strip().removesuffix("Z") for text in values.to_pylist()]
    try:
        times = np.array([text or "NaT" for text in texts], dtype="datetime64[us]")
    except ValueError as error:
        wrong = str(error).rpartition('"')[0].rpartition('"')[2][:60]
        raise DaliError(f"column {column.name}: {wrong!r} is no timestamp in ISO 8601") from None
    return StoredColumn(
        replace(column, datatype="char", arraysize="*", xtype="timestamp"),
        pa.array(times, pa.timestamp("us")),
    )


def _positions(
    columns: tuple[Column, ...], stored: tuple[StoredColumn, ...]
) -> tuple[str, str] | None:
    """The main position's columns, if they are as `adql` indexes them: finite doubles."""
    found = []
    for ucd in ("pos.eq.ra", "pos.eq.dec"):
        named = [
            (not (c.ucd or "").lower().endswith("meta.main"), str(c.source))
            for c, s in zip(columns, stored, strict=True)
            if re.match(rf"{ucd}(;|$)", (c.ucd or "").lower())
            and s.values.type == pa.float64()
            and (pc.all(pc.is_finite(s.values)).as_py() is not False)
        ]
        if not named:
            return None
        found.append(min(named)[1])
    return found[0], found[1]
