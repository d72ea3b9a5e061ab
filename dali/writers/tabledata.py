"""VOTable's TABLEDATA serialisation (VOTable 1.4, section 5.1).

A NULL is an empty cell, of whatever type; so an empty string can't be told from a NULL here.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dali.columns import text_bytes
from dali.fields import Field
from dali.tables import TableStream
from dali.writers.text import Spelling, cell_text, joined_rows
from dali.writers.votable import RowEncoder, write_votable

# VOTable 1.4, section 6
_SPELLING = Spelling("NaN", "+Inf", "-Inf")
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;"))
# What XML 1.0 can't hold at all; PostgreSQL's text holds no NUL.
_UNWRITABLE = "[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
_SPECIAL = np.zeros(256, dtype=np.bool_)
_SPECIAL[:0x20] = True
_SPECIAL[[ord("&"), ord("<"), ord(">"), 0xEF]] = True  # U+FFFE and U+FFFF begin with 0xEF


def write(stream: TableStream) -> Iterator[bytes]:
    """A VOTable whose rows are elements."""
    return write_votable(stream, TabledataEncoder(stream.fields))


class TabledataEncoder(RowEncoder):
    """Rows as ``<TR><TD>…``."""

    envelope = (("TABLEDATA", {}),)

    def __init__(self, fields: tuple[Field, ...]) -> None:
        """``fields`` are the columns of every batch, in order."""
        self._fields = fields

    def encode(self, batch: pa.RecordBatch) -> bytes:
        """Rows of the batch."""
        cells = []
        for field, column in zip(self._fields, batch.columns, strict=True):
            text = cell_text(field, column, _SPELLING)
            cells.append(escaped(text) if field.is_string else text)
        cells[0] = pc.binary_join_element_wise("\n<TR><TD>", pc.fill_null(cells[0], ""), "")
        return joined_rows(cells, "</TD><TD>", "</TD></TR>")


def escaped(text: pa.Array) -> pa.Array:
    """Strings as they stand in XML text; what XML can't hold becomes U+FFFD."""
    _, data = text_bytes(text)
    if not _SPECIAL[data].any():
        return text
    for character, escape in _ESCAPES:
        text = pc.replace_substring(text, character, escape)
    return pc.replace_substring_regex(text, _UNWRITABLE, "\ufffd")
