"""Reading a table that a client sends: a VOTable, as fields and Arrow columns.

VOTable 1.5 and all before it, in TABLEDATA, BINARY and BINARY2. astropy reads the values; here the
document is watched while it does, since it comes from anybody: data that lie elsewhere are refused
(astropy would open any address, the server's own files too), and so is more than the limits allow.
"""

import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from adql.schema import SpaceSystem, TimeSystem
from dali.columns import arrow_type
from dali.errors import DaliError
from dali.fields import Field

Event = tuple[bool, str, Any, tuple[int, int]]

#: Most columns of a table; PostgreSQL has 1600.
COLUMNS_AT_MOST = 1000
# A cell of fixed size takes room also where it is left empty.
_LARGEST_CELL = 1_000_000
_MEMORY = 1_000_000_000
# What astropy takes, measured: for an element beside the rows; for a cell, beside its values, that
# is text, or an array of any length. The latter are objects of NumPy, one for each cell.
_BYTES_OF_ELEMENT = 1500
_BYTES_OF_TEXT = 120
_BYTES_OF_ARRAY = 1500
_WIDTHS = {
    "boolean": 1,
    "unsignedByte": 1,
    "short": 2,
    "int": 4,
    "long": 8,
    "char": 1,
    "unicodeChar": 2,
    "float": 4,
    "double": 8,
}
_SIZE = re.compile(r"(?:\d+x)*(?:\d+|\d*\*)")
_DATATYPES = {"bit": "boolean"}
# astropy begins its messages with the place: ``?:12:7: E02: …``
_PLACE = re.compile(r"^[^:\s]*:(\d+|\?):(\d+|\?): ([A-Z]\d+: )?")


class TableError(DaliError):
    """The document is no table that can be taken; the message says where and why."""


class NoRoomError(TableError):
    """Reading the document would take more memory than it may."""

    def __init__(self) -> None:
        super().__init__("reading it would take too much memory", 413)


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was read: as many columns as fields, in the Arrow types of `dali.columns`."""

    fields: tuple[Field, ...]
    columns: tuple[pa.Array, ...]

    @property
    def row_count(self) -> int:
        """How many rows it has."""
        return len(self.columns[0]) if self.columns else 0


def read(document: BinaryIO, max_rows: int, memory: int = _MEMORY) -> Table:
    """The first table of a VOTable.

    memory: bytes that reading it may take, about. Raises `TableError`, 413 where the table has more
    rows, and `NoRoomError` where it would need more memory.
    """
    from astropy.io.votable import exceptions, tree
    from astropy.utils.xml import iterparser

    # told about an unusual namespace or version, which is the client's affair
    warnings.filterwarnings("ignore", category=exceptions.VOWarning)
    configuration = {
        "columns": None,
        "invalid": "exception",
        "verify": "ignore",
        "chunk_size": tree.DEFAULT_CHUNK_SIZE,
        "table_number": 0,
        "filename": None,
        "unit_format": None,
        "datatype_mapping": {},
    }
    watch = _Watch(max_rows, memory)
    try:
        with iterparser.get_xml_iterator(document) as events:
            parsed = tree.VOTableFile(config=configuration, pos=(1, 1)).parse(
                watch.over(events), configuration
            )
        found = next(parsed.iter_tables(), None)
    except DaliError:
        raise
    except MemoryError:
        raise NoRoomError from None
    except Exception as error:  # whatever the parser stumbles over is the document's fault
        raise TableError(f"it can't be read as a VOTable: {_told(error, watch.place)}") from error
    if found is None or not found.fields:
        raise TableError("it is a VOTable without a table")
    values = found.array
    if values is not None and len(values) > max_rows:
        raise _too_long(max_rows)
    fields, columns = [], []
    for number, (attributes, name) in enumerate(
        zip(watch.fields, values.dtype.names, strict=False)
    ):
        description = found.fields[number].description
        system = watch.systems.get(attributes.get("ref", ""))
        field, column = _column(number, attributes, description, system, values[name])
        fields.append(field)
        columns.append(column)
    return Table(tuple(fields), tuple(columns))


def _too_long(max_rows: int) -> TableError:
    return TableError(f"it has more than {max_rows} rows, the most that are taken", 413)


class _Watch:
    """Looks at the document's elements on their way to the parser.

    fields: the attributes of the first table's FIELDs. systems: what columns may be counted from,
    by ID. place: line and column of the latest element.
    """

    def __init__(self, max_rows: int, memory: int) -> None:
        self.fields: list[dict[str, str]] = []
        self.systems: dict[str, SpaceSystem | TimeSystem] = {}
        self.place = (1, 1)
        self._max_rows = max_rows
        self._memory_left = memory
        self._memory_of_row = 0
        self._bytes_of_row = 0  # in BINARY, at least
        self._rows_differ = False  # in their length in BINARY

    def over(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events; raises `TableError` at the first that can't be taken."""
        rows = 0
        has_data = False
        for event in events:
            is_start, tag, data, self.place = event
            if is_start:
                if tag == "TR":
                    rows += 1
                    if rows > self._max_rows:
                        raise _too_long(self._max_rows)
                    self._take(self._memory_of_row)
                elif tag != "TD":
                    self._take(_BYTES_OF_ELEMENT)
                if tag == "FIELD" and not has_data:
                    self._see_field(data)
                elif tag in ("COOSYS", "TIMESYS"):
                    self._see_system(tag, data)
                elif tag == "DATA":
                    has_data = True
                elif tag == "BINARY2":
                    self._bytes_of_row += (len(self.fields) + 7) // 8
                elif tag == "FITS":
                    raise TableError("data as FITS are not taken: send TABLEDATA or BINARY2")
                elif tag == "STREAM" and "href" in data:
                    raise TableError("its data lie elsewhere: send them in the VOTable itself")
            elif tag == "STREAM":
                self._see_stream(data)
            yield event

    def _take(self, memory: int) -> None:
        self._memory_left -= memory
        if self._memory_left < 0:
            raise NoRoomError

    def _see_field(self, attributes: dict[str, str]) -> None:
        self.fields.append(dict(attributes))
        if len(self.fields) > COLUMNS_AT_MOST:
            raise TableError(f"it has more than {COLUMNS_AT_MOST} columns")
        arraysize, datatype = attributes.get("arraysize") or "", attributes.get("datatype", "")
        varies = "*" in arraysize
        size = 1
        for number in re.findall(r"\d+", arraysize):
            size *= int(number[:12])
        if size > _LARGEST_CELL:
            raise TableError(f"{_shown(attributes, len(self.fields))} has too large an arraysize")
        is_text = datatype in ("char", "unicodeChar")
        # of NumPy's characters each has four bytes, of numbers each a byte in a mask
        width = _WIDTHS.get(datatype, 0)
        self._bytes_of_row += 4 if varies else width * size
        self._rows_differ |= varies or not width
        self._memory_of_row += _BYTES_OF_TEXT if is_text else _BYTES_OF_ARRAY if varies else 0
        if not varies:
            self._memory_of_row += (4 if is_text else max(width, 1) + 1) * size

    def _see_system(self, tag: str, attributes: dict[str, str]) -> None:
        identifier = attributes.get("ID")
        if not identifier:
            return
        if tag == "COOSYS":
            frame = attributes.get("system") or "eq_FK5"  # VOTable's default
            self.systems[identifier] = SpaceSystem(
                frame, attributes.get("equinox"), attributes.get("epoch")
            )
        elif attributes.get("timescale") and attributes.get("refposition"):
            self.systems[identifier] = TimeSystem(
                attributes["timescale"], attributes.get("timeorigin"), attributes["refposition"]
            )

    def _see_stream(self, base64: str) -> None:
        """Refuse too many rows before they are read, where their number can be told."""
        if not self._bytes_of_row:
            return
        rows = len(base64) * 3 // 4 // self._bytes_of_row
        if not self._rows_differ and rows > self._max_rows + 3:
            # line ends are no data
            length = len("".join(base64.split())) * 3 // 4 - 2
            if length // self._bytes_of_row > self._max_rows:
                raise _too_long(self._max_rows)
        self._take(min(rows, self._max_rows) * self._memory_of_row)


def _told(error: Exception, place: tuple[int, int]) -> str:
    """The parser's words, with the line and the column where they are known."""
    text = " ".join(str(error).split()) or type(error).__name__
    known = _PLACE.match(text)
    text = _PLACE.sub("", text)
    if known and known[1] != "?":
        return f"line {known[1]}, column {known[2]}: {text}"[:500]
    if re.search(r"\bline \d+", text) or re.match(r"\d+:\d+: ", text):
        return re.sub(r"^(\d+):(\d+): ", r"line \1, column \2: ", text)[:500]
    return f"line {place[0]}, column {place[1]}: {text}"[:500]


def _shown(attributes: dict[str, str], number: int) -> str:
    return f"column {number} ({_name(attributes, number)})"


def _name(attributes: dict[str, str], number: int) -> str:
    return (attributes.get("name") or attributes.get("ID") or "").strip() or f"column_{number}"


def _column(
    index: int,
    attributes: dict[str, str],
    description: str | None,
    system: SpaceSystem | TimeSystem | None,
    values: Any,
) -> tuple[Field, pa.Array]:
    shown = _shown(attributes, index + 1)
    datatype = attributes.get("datatype", "").strip()
    datatype = _DATATYPES.get(datatype, datatype)
    size = (attributes.get("arraysize") or "").strip() or None
    if size is not None and not _SIZE.fullmatch(size):
        raise TableError(f"{shown}: arraysize {size!r} is none of VOTable")
    is_string = datatype in ("char", "unicodeChar")
    if size == "1":  # erratum 3 of VOTable 1.3: that is what leaving it out says
        size = None
    try:
        field = Field(
            name=_name(attributes, index + 1),
            datatype=datatype,
            arraysize=size,
            xtype=attributes.get("xtype") or None,
            unit=attributes.get("unit") or None,
            ucd=attributes.get("ucd") or attributes.get("UCD") or None,
            utype=attributes.get("utype") or None,
            description=" ".join((description or "").split()) or None,
            system=system,
        )
    except ValueError as error:
        raise TableError(f"{shown} can't be taken: {error}") from None
    try:
        if is_string:
            return field, _texts(values)
        if field.is_array:
            return field, _arrays(field, values)
        values = values.reshape(-1)  # of arraysize 1, astropy makes arrays
        data = _native(values.data)
        return field, pa.array(data, arrow_type(field), mask=_missing(data, values))
    except (pa.ArrowInvalid, UnicodeError, ValueError) as error:
        raise TableError(f"{shown} has a value that is no {datatype}") from error


def _native(values: Any) -> Any:
    return np.ascontiguousarray(values, values.dtype.newbyteorder("="))


def _missing(data: Any, values: Any) -> Any:
    """Where there is no value; section 6: NaN is none."""
    mask = np.ma.getmaskarray(values)
    return mask | np.isnan(data) if data.dtype.kind == "f" else mask


def _texts(values: Any) -> pa.Array:
    """NULL where the text is empty: only BINARY2 could tell the two apart, and astropy doesn't."""
    texts = []
    for value in values.data:
        text = value.decode() if isinstance(value, bytes) else str(value)
        texts.append(text.partition("\0")[0] or None)  # section 2.2: it ends there
    return pa.array(texts, pa.string())


def _arrays(field: Field, values: Any) -> pa.Array:
    """Lists; arrays of several dimensions one element after the other, as they are stored."""
    element = arrow_type(field).value_type
    if values.dtype != object:
        flat = values.reshape(len(values), math.prod(values.shape[1:]))
        lengths = np.full(len(values), flat.shape[1], dtype=np.int64)
        data = _native(flat.data).reshape(-1)
        mask = np.ma.getmaskarray(flat).reshape(-1)
        missing = np.ma.getmaskarray(flat).all(axis=1)
    else:
        cells = [np.ma.asarray(cell).reshape(-1) for cell in values.data]
        lengths = np.array([len(cell) for cell in cells], dtype=np.int64)
        missing = np.ma.getmaskarray(values).reshape(-1) | (lengths == 0)
        kind = element.to_pandas_dtype()
        data = np.concatenate([np.empty(0, kind), *(c.data.astype(kind) for c in cells)])
        mask = np.concatenate([np.empty(0, bool), *(np.ma.getmaskarray(c) for c in cells)])
    elements = pa.array(data, element, mask=mask)
    offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
    return pa.ListArray.from_arrays(offsets, elements, mask=pa.array(missing))
