"""Tab-separated values, UTF-8, the columns' names in the first line.

A cell stands in quotes, as in CSV (RFC 4180), where it is an empty string or holds a tab, a line
break or a quote; so an empty string (``""``) differs from a NULL (nothing).
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from dali.fields import Field
from dali.tables import LimitedBatches, TableStream
from dali.writers.text import PLAIN, cell_text, joined_rows

_QUOTED = '^$|[\t\n\r"]'


def write(stream: TableStream) -> Iterator[bytes]:
    """The document. A late failure is raised: there is no place to tell it in."""
    batches = iter(LimitedBatches(stream))
    batch = next(batches, None)
    names = _quoted_where_needed(pa.array([field.name for field in stream.fields], pa.string()))
    yield ("\t".join(names.to_pylist()) + "\n").encode()
    while batch is not None:
        cells = [_cell(f, c) for f, c in zip(stream.fields, batch.columns, strict=True)]
        yield joined_rows(cells, "\t", "\n")
        batch = next(batches, None)


def _cell(field: Field, column: pa.Array) -> pa.Array:
    text = cell_text(field, column, PLAIN)
    return _quoted_where_needed(text) if field.is_string else text


def _quoted_where_needed(text: pa.Array) -> pa.Array:
    special = pc.match_substring_regex(text, _QUOTED)
    if not pc.any(special).as_py():
        return text
    doubled = pc.replace_substring(text, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', doubled, '"', ""), text)
