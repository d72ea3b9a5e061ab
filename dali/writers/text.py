"""Cells as text, column by column: what the formats of text share."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from dali.columns import as_declared, joined_lists
from dali.fields import Field


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a format writes the numbers that have no digits."""

    nan: str
    infinity: str
    minus_infinity: str


#: as Java, Python and the readers of tables made with them read numbers
PLAIN = Spelling("NaN", "Infinity", "-Infinity")


def number_text(column: pa.Array, spelling: Spelling) -> pa.Array:
    """Numbers in their shortest exact form, booleans as ``true`` and ``false``."""
    text = pc.cast(column, pa.string())
    if pa.types.is_floating(column.type) and pc.all(pc.is_finite(column)).as_py() is False:
        text = pc.if_else(pc.is_nan(column), spelling.nan, text)
        text = pc.if_else(pc.equal(column, float("inf")), spelling.infinity, text)
        text = pc.if_else(pc.equal(column, float("-inf")), spelling.minus_infinity, text)
    return text


def cell_text(field: Field, column: pa.Array, spelling: Spelling) -> pa.Array:
    """A column's cells as text, NULL where the cell is NULL; array elements stand apart by blanks.

    A NULL within an array is written as NaN.
    """
    column = as_declared(field, column)
    if field.is_string:
        return column
    if not field.is_array:
        return number_text(column, spelling)
    elements = pc.fill_null(number_text(column.flatten(), spelling), spelling.nan)
    return joined_lists(column, elements)


def joined_rows(cells: list[pa.Array], between_cells: str, row_end: str) -> bytes:
    """UTF-8 of all rows of a batch: cells joined, each row with its end, NULLs as nothing."""
    large = [pc.fill_null(text, "").cast(pa.large_string()) for text in cells]
    large[-1] = pc.binary_join_element_wise(large[-1], _large(row_end), _large(""))
    rows = pc.binary_join_element_wise(*large, _large(between_cells))
    # the rows lie one after the other in the column's buffer
    joined: bytes = rows.buffers()[2].to_pybytes()
    return joined


def _large(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())
