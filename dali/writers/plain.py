"""Plain text in columns, for reading; given only where it is asked for.

A column is as wide as its name, its unit and its cells in the first batch, up to a limit: what
comes later and is longer makes its own line longer. Line breaks, tabs and backslashes within a
string are written ``\\n``, ``\\r``, ``\\t``, ``\\\\``; a NULL is blank.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from dali.fields import Field
from dali.tables import Ending, LimitedBatches, TableStream
from dali.writers.text import PLAIN, cell_text, joined_rows

_WIDEST = 60
_BETWEEN = " | "
_ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def write(stream: TableStream) -> Iterator[bytes]:
    """The text; a late failure is told in its last line."""
    ending = Ending(LimitedBatches(stream))
    batches = iter(ending)
    batch = next(batches, None)
    fields = stream.fields
    cells = [] if batch is None else _cells(fields, batch)
    widths = [
        max(len(field.name), len(field.unit or ""), _width(cells[number]) if cells else 0)
        for number, field in enumerate(fields)
    ]
    yield (
        _line([field.name for field in fields], widths)
        + _line([field.unit or "" for field in fields], widths)
        + "-+-".join("-" * width for width in widths)
        + "\n"
    ).encode()
    while batch is not None:
        aligned = [_aligned(f, c, w) for f, c, w in zip(fields, cells, widths, strict=True)]
        yield joined_rows(aligned, _BETWEEN, "\n")
        batch = next(batches, None)
        cells = [] if batch is None else _cells(fields, batch)
    status = ending.status
    yield f"{status.value}{': ' if status.text else ''}{status.text}\n".encode()


def _line(texts: list[str], widths: list[int]) -> str:
    return _BETWEEN.join(t.ljust(w) for t, w in zip(texts, widths, strict=True)).rstrip() + "\n"


def _cells(fields: tuple[Field, ...], batch: pa.RecordBatch) -> list[pa.Array]:
    found = []
    for field, column in zip(fields, batch.columns, strict=True):
        text = cell_text(field, column, PLAIN)
        if field.is_string:
            for character, escape in _ESCAPES:
                text = pc.replace_substring(text, character, escape)
        found.append(pc.fill_null(text, ""))
    return found


def _width(text: pa.Array) -> int:
    return min(_WIDEST, pc.max(pc.utf8_length(text)).as_py() or 0)


def _aligned(field: Field, text: pa.Array, width: int) -> pa.Array:
    """Numbers to the right, the rest to the left."""
    if not field.is_string and not field.is_array:
        return pc.utf8_lpad(text, width)
    return pc.utf8_rpad(text, width)
