"""Uploaded tables as queries see them: their columns, and how they are stored while a query runs.

TAP 1.1, section 2.7.5. Columns keep all that the client said of them; in the temporary table those
with unusual names have others, so that no name of a client's can mean anything to PostgreSQL.
"""

import re
from collections.abc import Callable, Iterable, Iterator
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

_TIMESTAMPS = ("timestamp", "adql:timestamp")
_POINT, _CIRCLE, _POLYGON = "spoint", "scircle", "spoly"
_SHAPES = {"point": _POINT, "circle": _CIRCLE, "polygon": _POLYGON}
_SIZES = {_POINT: "2", _CIRCLE: "3", _POLYGON: "*"}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_SYSTEM_COLUMNS = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")
_STC = re.compile(r"^\s*(\w+)\s+(?:(?:ICRS|FK5|J2000|UNKNOWNFRAME)\s+)?(?:GEOCENTER\s+)?", re.I)
_STC_SHAPES = {"POSITION": _POINT, "CIRCLE": _CIRCLE, "POLYGON": _POLYGON}


class UploadError(DaliError):
    """A table that was sent and can't be taken."""

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


def read(name: str, number: int, document: BinaryIO, max_rows: int) -> UploadedTable:
    """The table that a document holds; ``number`` tells it from a query's others.

    Raises `UploadError`.
    """
    try:
        content = votable_reader.read(document, max_rows)
        stored = tuple(_stored(*pair) for pair in zip(content.fields, content.columns, strict=True))
    except DaliError as error:
        raise UploadError(name, error.message, error.status) from error
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


@dataclass(frozen=True, slots=True)
class _Stored:
    """A column's declaration, the values that are sent, and the pgSphere type of their text."""

    column: Column
    values: pa.Array
    shape: str | None = None


def _stored(field: Field, values: pa.Array) -> _Stored:
    column = Column(
        name=field.name,
        datatype=field.datatype,
        arraysize=field.arraysize,
        xtype=field.xtype,
        unit=field.unit,
        ucd=field.ucd,
        utype=field.utype,
        description=field.description or "",
    )
    xtype = (field.xtype or "").lower()
    if field.is_string:
        if xtype in _TIMESTAMPS:
            return _timestamps(column, values)
        if xtype in ("adql:point", "adql:region"):
            return _regions(column, values)
        return _texts(replace(column, xtype=_harmless(column)), values)
    if xtype in _SHAPES and field.is_array and field.datatype in ("float", "double"):
        return _shapes(column, values, _SHAPES[xtype])
    column = replace(column, xtype=_harmless(column))
    return _Stored(column, values.cast(_postgres_type(values.type)))


def _harmless(column: Column) -> str | None:
    """The xtype, unless `adql` takes it for one of the types that the values aren't of."""
    special = {"point", "circle", "polygon", "adql:region", "timestamp", "null"}
    return None if (column.xtype or "").lower() in special else column.xtype


def _texts(column: Column, values: pa.Array) -> _Stored:
    """Texts as declared, unless some are longer, or of characters that ``char`` doesn't have."""
    limit = re.fullmatch(r"(\d+)\*?", column.arraysize or "1")
    longest = pc.max(pc.utf8_length(values)).as_py() or 0
    if limit is None or longest > int(limit[1]):
        column = replace(column, arraysize="*")
    if column.datatype == "char" and pc.all(pc.string_is_ascii(values)).as_py() is False:
        column = replace(column, datatype="unicodeChar")
    return _Stored(column, values)


def _postgres_type(kind: pa.DataType) -> pa.DataType:
    """PostgreSQL has no bytes that are numbers."""
    if pa.types.is_list(kind):
        return pa.list_(_postgres_type(kind.value_type))
    return pa.int16() if kind == pa.uint8() else kind


def _timestamps(column: Column, values: pa.Array) -> _Stored:
    """DALI 1.1, section 3.3.3: ISO 8601 in UTC, with or without a Z."""
    texts = [None if not text else text.strip().removesuffix("Z") for text in values.to_pylist()]
    try:
        times = np.array([text or "NaT" for text in texts], dtype="datetime64[us]")
    except ValueError as error:
        wrong = str(error).rpartition('"')[0].rpartition('"')[2][:60]
        raise DaliError(f"column {column.name}: {wrong!r} is no timestamp in ISO 8601") from None
    return _Stored(
        replace(column, datatype="char", arraysize="*", xtype="timestamp"),
        pa.array(times, pa.timestamp("us")),
    )


def _shapes(column: Column, values: pa.Array, shape: str) -> _Stored:
    """DALI 1.1, sections 3.3.5 to 3.3.7: degrees; without numbers, there is no shape."""
    texts = []
    for row, cell in enumerate(values.to_pylist(), 1):
        numbers = [number for number in cell or () if number is not None]
        texts.append(_text(column.name, row, numbers, shape) if numbers else None)
    column = replace(
        column, datatype="double", arraysize=_SIZES[shape], xtype=(column.xtype or "").lower()
    )
    return _Stored(column, pa.array(texts, pa.string()), shape)


def _regions(column: Column, values: pa.Array) -> _Stored:
    """TAP 1.0, section 2.5: STC-S. Texts, unless all are positions, or all are polygons."""
    read: list[tuple[str, list[float]] | None] = [
        None if text is None else _stc(text) for text in values.to_pylist()
    ]
    shapes = {found[0] for found in read if found}
    wanted = _POINT if (column.xtype or "").lower() == "adql:point" else _POLYGON
    if shapes != {wanted} or any(
        found is None and text is not None
        for found, text in zip(read, values.to_pylist(), strict=True)
    ):
        return _Stored(replace(column, arraysize="*", xtype=None), values)
    texts = [
        found and _text(column.name, row, found[1], wanted) for row, found in enumerate(read, 1)
    ]
    if wanted == _POINT:
        column = replace(column, datatype="double", arraysize="2", xtype="point")
    else:
        column = replace(column, arraysize="*", xtype="adql:REGION")
    return _Stored(column, pa.array(texts, pa.string()), wanted)


def _stc(text: str) -> tuple[str, list[float]] | None:
    """The shape and the numbers of a region in STC-S, ``None`` for what isn't understood."""
    found = _STC.match(text)
    shape = _STC_SHAPES.get(found[1].upper()) if found else None
    if found is None or shape is None:
        return None
    try:
        return shape, [float(word) for word in text[found.end() :].split()]
    except ValueError:
        return None


def _text(name: str, row: int, numbers: list[float], shape: str) -> str:
    """A shape as pgSphere reads it."""
    counts: Callable[[int], bool] = {
        _POINT: lambda n: n == 2,
        _CIRCLE: lambda n: n == 3,
        _POLYGON: lambda n: n >= 6 and n % 2 == 0,
    }[shape]
    words = {_POINT: "a point", _CIRCLE: "a circle", _POLYGON: "a polygon"}
    limit = 3 if shape == _CIRCLE else len(numbers) + 1
    if not counts(len(numbers)) or not np.isfinite(numbers).all():
        raise DaliError(f"column {name}, row {row}: these numbers are not {words[shape]}")
    positions = list(_pairs(numbers[: limit - 1] if shape == _CIRCLE else numbers))
    if any(abs(latitude) > 90 or abs(longitude) > 360 for longitude, latitude in positions):
        raise DaliError(
            f"column {name}, row {row}: {words[shape]} has longitudes from 0 to 360 and latitudes "
            "from -90 to 90 degrees"
        )
    if shape == _CIRCLE and not 0 <= numbers[2] <= 90:
        raise DaliError(f"column {name}, row {row}: a radius is from 0 to 90 degrees")
    corners = [f"({longitude!r}d,{latitude!r}d)" for longitude, latitude in positions]
    if shape == _POLYGON:
        return "{" + ",".join(corners) + "}"
    return corners[0] if shape == _POINT else f"<{corners[0]},{numbers[2]!r}d>"


def _pairs(numbers: list[float]) -> Iterator[tuple[float, float]]:
    return zip(numbers[::2], numbers[1::2], strict=True)


def _positions(columns: tuple[Column, ...], stored: tuple[_Stored, ...]) -> tuple[str, str] | None:
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
