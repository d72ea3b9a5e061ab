"""Rows as bytes: what VOTable's BINARY and BINARY2 and FITS have in common.

Cells that have a fixed width and the counts lie side by side in one byte array per run of columns;
Arrow joins these with the variable cells, and its data buffer is the row stream.
"""

import binascii
from abc import abstractmethod
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dali.columns import (
    Bytes,
    Offsets,
    ascii_text,
    list_bytes,
    present,
    primitive_bytes,
    text_bytes,
    utf16_bytes,
)
from dali.fields import Field
from dali.writers.votable import RowEncoder


class Base64Encoder(RowEncoder):
    """Rows of bytes, in base64."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        """``fields`` are the columns of every batch, in order."""
        self._fields = fields
        self._rest = b""

    @abstractmethod
    def rows(self, batch: pa.RecordBatch) -> bytes:
        """The batch's rows, one after the other."""

    def encode(self, batch: pa.RecordBatch) -> bytes:
        """Base64 of the batch's rows, as far as it comes in whole groups of three bytes."""
        data = self._rest + self.rows(batch)
        whole = len(data) - len(data) % 3
        self._rest = data[whole:]
        return binascii.b2a_base64(data[:whole]) if whole else b""

    def finish(self) -> bytes:
        """The last group."""
        return binascii.b2a_base64(self._rest) if self._rest else b""


def encoded_rows(
    fields: tuple[Field, ...],
    columns: list[pa.Array],
    mask: Bytes | None = None,
    nulls: Mapping[str, int] | None = None,
) -> bytes:
    """Rows of columns that are as declared.

    mask: what each row begins with, of shape (rows, width). nulls: the number that means NULL, by
    datatype; floating-point numbers have NaN.
    """
    fixed: list[Bytes] = [] if mask is None else [mask]
    pieces: list[pa.Array] = []
    for field, column in zip(fields, columns, strict=True):
        null = (nulls or {}).get(field.datatype, 0)
        if not field.is_string and not field.is_array:
            fixed.append(primitive_bytes(field.datatype, column, null))
            continue
        offsets, data, width = cells(field, column, null)
        if field.fixed_size is not None:
            block = padded(offsets, data, field.fixed_size * width)
            if nulls is not None and column.null_count and not field.is_string:
                missing = primitive_bytes(field.datatype, pa.nulls(1, column.type.value_type), null)
                block[~present(column)] = np.tile(missing[0], field.fixed_size)
            fixed.append(block)
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


def cells(field: Field, column: pa.Array, null: int = 0) -> tuple[Offsets, Bytes, int]:
    """A column of strings or arrays as bytes: offsets, data, bytes per element."""
    if field.datatype == "unicodeChar":
        return *utf16_bytes(column), 2
    if field.datatype == "char":
        # clients fail on anything else
        return *text_bytes(ascii_text(column)), 1
    return list_bytes(field, column, null)


def padded(offsets: Offsets, data: Bytes, width: int) -> Bytes:
    """Cells of one width: shorter ones end in zero bytes, longer ones are cut."""
    lengths = np.diff(offsets)
    if len(lengths) and (lengths == width).all():
        return data.reshape(-1, width)
    block = np.zeros((len(offsets) - 1, width), dtype=np.uint8)
    row = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(data)) - np.repeat(offsets[:-1], lengths)
    kept = place < width
    block[row[kept], place[kept]] = data[kept]
    return block


def _fixed_width(parts: list[Bytes]) -> pa.Array:
    """Columns of bytes side by side, as an Arrow column."""
    block = np.ascontiguousarray(np.concatenate(parts, axis=1))
    kind = pa.binary(block.shape[1])
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(block), [None, pa.py_buffer(block)])


def _variable_width(offsets: Offsets, data: Bytes) -> pa.Array:
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(offsets) - 1, buffers)
