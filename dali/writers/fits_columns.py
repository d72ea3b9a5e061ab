"""Columns of a FITS binary table: what is learnt while the rows pass, and their bytes.

FITS 4.0, section 7.3.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dali.columns import Bytes, ascii_text, list_bytes, present, primitive_bytes, text_bytes
from dali.errors import DaliError
from dali.fields import Field
from dali.writers.binary_rows import padded

# letter of TFORMn and bytes of one value
_FORMS = {
    "boolean": ("L", 1),
    "unsignedByte": ("B", 1),
    "short": ("I", 2),
    "int": ("J", 4),
    "long": ("K", 8),
    "float": ("E", 4),
    "double": ("D", 8),
    "char": ("A", 1),
    "unicodeChar": ("A", 1),
}
_LEAST = {"unsignedByte": 0, "short": -(2**15), "int": -(2**31), "long": -(2**63)}
_CANDIDATES = 256
_DESCRIPTOR = np.dtype(">i8")


class FitsColumn:
    """One column. `see` every batch, then `settle`; afterwards it has a form.

    format: TFORMn. width: bytes that it takes in each row. null: TNULLn, if it has one. heap_size:
    bytes of its cells that stand in the heap, since they vary in size; ``None`` for other columns.
    """

    format: str
    width: int
    null: int | None = None
    heap_size: int | None = None

    def __init__(self, field: Field) -> None:
        """Nothing is known of its values yet."""
        self.field = field
        self._has_nulls = False
        self._shortest: int | None = None
        self._longest = 0
        self._elements = 0
        self._count = 1
        least = _LEAST.get(field.datatype)
        # numbers that no row has had so far
        count = 0 if least is None else _CANDIDATES
        self._free = np.arange(count, dtype=np.int64) + (least or 0)

    def see(self, column: pa.Array) -> None:
        """Take notice of a batch's values, which are as declared."""
        values = column
        if self.field.is_string or self.field.is_array:
            is_text = self.field.is_string
            lengths = pc.binary_length(column) if is_text else pc.list_value_length(column)
            ends = pc.min_max(lengths).as_py()
            if ends["max"] is not None:
                self._longest = max(self._longest, ends["max"])
                known = ends["min"] if self._shortest is None else self._shortest
                self._shortest = min(known, ends["min"])
            if self.field.is_array:
                values = column.flatten()
                self._elements += len(values)
        self._has_nulls |= bool(column.null_count or values.null_count)
        if len(self._free):
            self._see_numbers(values)

    def _see_numbers(self, values: pa.Array) -> None:
        least = pc.min(values).as_py()
        if least is not None and least <= self._free[-1]:
            taken = values.drop_null().to_numpy(zero_copy_only=False)
            self._free = self._free[~np.isin(self._free, taken)]

    def settle(self) -> None:
        """Choose the form; raises `DaliError` where there is none for these values."""
        field = self.field
        letter, size = _FORMS[field.datatype]
        if field.datatype in _LEAST and self._has_nulls:
            if not len(self._free):
                raise DaliError(
                    f"column {field.name} holds so many numbers that none is left to stand for "
                    "NULL in FITS; ask for another format"
                )
            self.null = int(self._free[0])
        if field.is_string:
            self._count = max(self._longest, 1)
        elif field.fixed_size is not None:
            self._count = field.fixed_size
        elif self._longest > 1 and self._shortest == self._longest:
            self._count = self._longest
        else:
            self.format = f"1Q{letter}({self._longest})"
            self.width = 2 * _DESCRIPTOR.itemsize
            self.heap_size = self._elements * size
            return
        self.format = f"{self._count}{letter}"
        self.width = self._count * size

    def row_bytes(self, column: pa.Array, heap: int) -> Bytes:
        """What stands in the rows, of shape (rows, width).

        heap: where the column's cells of this batch begin in the heap, if they are there.
        """
        field = self.field
        if field.is_string:
            text = ascii_text(column) if field.datatype == "char" else column
            # it counts bytes, also of what isn't ASCII
            filled = pc.ascii_rpad(pc.fill_null(text, ""), self.width, "\0")
            return text_bytes(filled)[1].reshape(-1, self.width)
        null = self.null or 0
        if not field.is_array:
            block = primitive_bytes(field.datatype, column, null)
            if field.datatype == "boolean" and column.null_count:
                block[~present(column)] = 0
            return block
        offsets, data, size = list_bytes(field, column, null)
        if self.heap_size is not None:
            descriptors = np.empty((len(column), 2), dtype=_DESCRIPTOR)
            descriptors[:, 0] = np.diff(offsets) // size
            descriptors[:, 1] = offsets[:-1] + heap
            return descriptors.view(np.uint8).reshape(len(column), -1)
        block = padded(offsets, data, self.width)
        if column.null_count:
            missing = primitive_bytes(field.datatype, pa.nulls(1, column.type.value_type), null)[0]
            block = block.copy()
            block[~present(column)] = np.tile(missing, self._count)
        return block

    def heap_bytes(self, column: pa.Array) -> Bytes:
        """The cells of a batch that stand in the heap."""
        return list_bytes(self.field, column, self.null or 0)[1]
