"""VOTable's BINARY2 serialisation (VOTable 1.4, section 5.4).

Each row is a mask of NULLs and then the cells, fixed-width ones as they are, others after a count.
Cells that have a fixed width and the counts lie side by side in one byte array per run of columns;
Arrow joins these with the variable cells, and its data buffer is the row stream.
"""

import binascii
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dali.columns import (
    Bytes,
    Offsets,
    as_declared,
    list_bytes,
    present,
    primitive_bytes,
    text_bytes,
    utf16_bytes,
)
from dali.fields import Field
from dali.tables import TableStream
from dali.writers.votable import RowEncoder, write_votable


def write(stream: TableStream) -> Iterator[bytes]:
    """A VOTable whose rows are BINARY2 in base64."""
    return write_votable(stream, Binary2Encoder(stream.fields))


class Binary2Encoder(RowEncoder):
    """Rows as BINARY2, in base64."""

    envelope = (("BINARY2", {}), ("STREAM", {"encoding": "base64"}))

    def __init__(self, fields: tuple[Field, ...]) -> None:
        """``fields`` are the columns of every batch, in order."""
        self._fields = fields
        self._rest = b""

    def encode(self, batch: pa.RecordBatch) -> bytes:
        """Base64 of the batch's rows, as far as it comes in whole groups of three bytes."""
        data = self._rest + encode_rows(self._fields, batch)
        whole = len(data) - len(data) % 3
        self._rest = data[whole:]
        return binascii.b2a_base64(data[:whole]) if whole else b""

    def finish(self) -> bytes:
        """The last group."""
        return binascii.b2a_base64(self._rest) if self._rest else b""


def encode_rows(fields: tuple[Field, ...], batch: pa.RecordBatch) -> bytes:
    """Rows of a batch as BINARY2 has them."""
    columns = [as_declared(f, c) for f, c in zip(fields, batch.columns, strict=True)]
    rows = batch.num_rows
    missing = np.zeros((rows, len(fields)), dtype=np.bool_)
    for number, column in enumerate(columns):
        if column.null_count:
            missing[:, number] = ~present(column)
    fixed: list[Bytes] = [np.packbits(missing, axis=1)]
    pieces: list[pa.Array] = []
    for field, column in zip(fields, columns, strict=True):
        if not field.is_string and not field.is_array:
            fixed.append(primitive_bytes(field.datatype, column))
            continue
        offsets, data, width = _cells(field, column)
        if field.fixed_size is not None:
            fixed.append(_padded(offsets, data, field.fixed_size * width))
            continue
        counts = (np.diff(offsets) // width).astype(">i4")
        fixed.append(counts.view(np.uint8).reshape(-1, 4))
        pieces += [_fixed_width(fixed), _variable_width(offsets, data)]
        fixed = []
    if fixed:
        pieces.append(_fixed_width(fixed))
    if len(pieces) == 1:
        rows_buffer = pieces[0].buffers()[1]
    else:
        large = (piece.cast(pa.large_binary()) for piece in pieces)
        nothing = pa.scalar(b"", pa.large_binary())
        rows_buffer = pc.binary_join_element_wise(*large, nothing).buffers()[2]
    encoded: bytes = rows_buffer.to_pybytes()
    return encoded


def _cells(field: Field, column: pa.Array) -> tuple[Offsets, Bytes, int]:
    """A variable column's bytes: offsets, data, bytes per element."""
    if field.datatype == "unicodeChar":
        return *utf16_bytes(column), 2
    if field.datatype == "char":
        offsets, data = text_bytes(column)
        if data.size and data.max() > 0x7F:
            # VOTable's char is ASCII, and clients fail on anything else
            ascii_only = pc.replace_substring_regex(column, r"[^\x00-\x7F]", "?")
            offsets, data = text_bytes(ascii_only)
        return offsets, data, 1
    return list_bytes(field, column)


def _padded(offsets: Offsets, data: Bytes, width: int) -> Bytes:
    """Cells of one width: shorter ones end in zero bytes, longer ones are cut."""
    cells = np.zeros((len(offsets) - 1, width), dtype=np.uint8)
    lengths = np.diff(offsets)
    row = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(data)) - np.repeat(offsets[:-1], lengths)
    kept = place < width
    cells[row[kept], place[kept]] = data[kept]
    return cells


def _fixed_width(parts: list[Bytes]) -> pa.Array:
    """Columns of bytes side by side, as an Arrow column."""
    block = np.ascontiguousarray(np.concatenate(parts, axis=1))
    kind = pa.binary(block.shape[1])
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(block), [None, pa.py_buffer(block)])


def _variable_width(offsets: Offsets, data: Bytes) -> pa.Array:
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(offsets) - 1, buffers)
