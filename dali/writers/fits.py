"""A FITS binary table (FITS 4.0, section 7.3), made from a spool on disk.

A FITS header comes first and says how many rows there are and how wide they are. So the rows are
spooled into a temporary file (below TMPDIR), never into memory, and the first byte leaves after
the last row has come. Every failure is therefore raised before the document begins, and an
overflow stands in its header.

- NULL is NaN in floating point, TNULLn in integers (a number that the column doesn't hold), a zero
  byte in logical columns; a string that is NULL looks like an empty one.
- Strings are as wide as the longest, in UTF-8 (ASCII where the field's datatype is char); arrays
  of varying length stand in the heap.
- TUNITn, TUCDn, TUTYPn, TXTYPn and TCOMMn hold units, UCDs, utypes, xtypes and descriptions, as
  TOPCAT reads and writes them. Headers are ASCII: other characters are written ``?``.
- QSTATUS is OK or OVERFLOW (rows were left out), MAXREC the limit on rows.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from adql.schema import SpaceSystem
from dali.errors import DaliError
from dali.tables import Info, LimitedBatches, TableStream
from dali.writers.arrow import declared, schema
from dali.writers.fits_columns import FitsColumn
from dali.writers.spool import Spool

if TYPE_CHECKING:
    from astropy.io import fits

_BLOCK = 2880
_MOST_COLUMNS = 999
_CARD = 80
_PRIMARY = "".join(
    card.ljust(_CARD)
    for card in (
        f"SIMPLE  = {'T':>20}",
        f"BITPIX  = {8:>20}",
        f"NAXIS   = {0:>20}",
        f"EXTEND  = {'T':>20}",
        "END",
    )
).ljust(_BLOCK)
_KEYWORD = re.compile("[A-Z0-9_-]{1,8}")
_UNWRITABLE = re.compile("[^ -~]")


def write(stream: TableStream) -> Iterator[bytes]:
    """The file; whatever fails does so before its first byte."""
    if len(stream.fields) > _MOST_COLUMNS:
        raise DaliError(f"a FITS table has {_MOST_COLUMNS} columns at most; ask for another format")
    columns = [FitsColumn(field) for field in stream.fields]
    kind = schema(stream.fields)
    limited = LimitedBatches(stream)
    rows = 0
    with Spool(kind) as spool:
        for batch in limited:
            batch = declared(stream.fields, batch, kind)
            for fits_column, column in zip(columns, batch.columns, strict=True):
                fits_column.see(column)
            rows += batch.num_rows
            spool.write(batch)
        for fits_column in columns:
            fits_column.settle()
        varying = [number for number, c in enumerate(columns) if c.heap_size is not None]
        heap = sum(columns[number].heap_size or 0 for number in varying)
        header = _header(stream, columns, rows, heap, limited.overflow)
        yield (_PRIMARY + header.tostring()).encode("ascii")
        yield from _rows(columns, spool)
        if varying:
            yield from _heap(columns, varying, spool)
        yield bytes(-(rows * _row_width(columns) + heap) % _BLOCK)


def _row_width(columns: list[FitsColumn]) -> int:
    return sum(column.width for column in columns)


def _rows(columns: list[FitsColumn], spool: Spool) -> Iterator[bytes]:
    heap = 0
    for batch in spool.batches():
        blocks = []
        for fits_column, column in zip(columns, batch.columns, strict=True):
            blocks.append(fits_column.row_bytes(column, heap))
            if fits_column.heap_size is not None:
                heap += len(fits_column.heap_bytes(column))
        yield np.concatenate(blocks, axis=1).tobytes()


def _heap(columns: list[FitsColumn], varying: list[int], spool: Spool) -> Iterator[bytes]:
    """Cells in the order in which `_rows` points at them."""
    for batch in spool.batches():
        for number in varying:
            yield columns[number].heap_bytes(batch.column(number)).tobytes()


def _ascii(text: str) -> str:
    return _UNWRITABLE.sub("?", " ".join(text.split()))


def _header(
    stream: TableStream,
    columns: list[FitsColumn],
    rows: int,
    heap: int,
    overflow: Info | None,
) -> "fits.Header":
    """The table's header; long values go on in CONTINUE cards."""
    # slow to import, and no other format needs it
    from astropy.io import fits

    header = fits.Header()
    for keyword, value in (
        ("XTENSION", "BINTABLE"),
        ("BITPIX", 8),
        ("NAXIS", 2),
        ("NAXIS1", _row_width(columns)),
        ("NAXIS2", rows),
        ("PCOUNT", heap),
        ("GCOUNT", 1),
        ("TFIELDS", len(columns)),
    ):
        header.append((keyword, value))
    for number, column in enumerate(columns, start=1):
        field = column.field
        texts = (
            ("TTYPE", field.name),
            ("TFORM", column.format),
            ("TUNIT", field.unit),
            ("TUCD", field.ucd),
            ("TUTYP", field.utype),
            ("TXTYP", field.xtype),
            ("TCOMM", field.description),
        )
        for keyword, text in texts:
            if text:
                header.append((f"{keyword}{number}", _ascii(text)))
        if column.null is not None:
            header.append((f"TNULL{number}", column.null))
    header.append(("EXTNAME", "RESULT"))
    frames = {f.system.frame for f in stream.fields if isinstance(f.system, SpaceSystem)}
    if len(frames) == 1:
        header.append(("RADESYS", _ascii(frames.pop())))
    header.append(("QSTATUS", "OK" if overflow is None else overflow.value, "QUERY_STATUS"))
    if stream.limit is not None:
        header.append(("MAXREC", stream.limit, "limit on the rows"))
    for info in stream.infos:
        text = _ascii(f"{info.value} {info.text}".strip())
        if _KEYWORD.fullmatch(info.name.upper()):
            header.append((info.name.upper(), text))
        else:
            header.append(("COMMENT", f"{_ascii(info.name)}: {text}"))
    return header
