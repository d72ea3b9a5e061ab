"""Comma-separated values (RFC 4180), UTF-8, the columns' names in the first line.

Strings stand in quotes, so that an empty string (``""``) differs from a NULL (nothing).
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from dali.fields import Field
from dali.tables import LimitedBatches, TableStream
from dali.writers.text import PLAIN, cell_text, joined_rows

_LINE_END = "\r\n"


def write(stream: TableStream) -> Iterator[bytes]:
    """The document. A late failure is raised: CSV has no place to tell it in."""
    batches = iter(LimitedBatches(stream))
    batch = next(batches, None)
    yield (",".join(_name(f.name) for f in stream.fields) + _LINE_END).encode()
    while batch is not None:
        yield _rows(stream.fields, batch)
        batch = next(batches, None)


def _name(name: str) -> str:
    plain = not any(c in name for c in ',"\r\n')
    return name if plain else '"' + name.replace('"', '""') + '"'


def _rows(fields: tuple[Field, ...], batch: pa.RecordBatch) -> bytes:
    cells = [_cell(f, c) for f, c in zip(fields, batch.columns, strict=True)]
    return joined_rows(cells, ",", _LINE_END)


def _cell(field: Field, column: pa.Array) -> pa.Array:
    text = cell_text(field, column, PLAIN)
    if not field.is_string:
        return text
    doubled = pc.replace_substring(text, '"', '""')
    # NULL stays NULL: nothing is joined to it
    return pc.binary_join_element_wise('"', doubled, '"', "")
