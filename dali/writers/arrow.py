"""Apache Arrow's IPC stream.

The schema's metadata hold a VOTable without rows, under the keys of VOParquet 1.0; each field's
metadata hold its unit, UCD, utype, xtype, arraysize, datatype and description, as far as it has
them. An overflow is told in the metadata of an empty last batch (``QUERY_STATUS``), since the
schema comes first. A late failure is raised: the stream lacks its end.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from dali.columns import arrow_type, as_declared
from dali.fields import Field
from dali.tables import LimitedBatches, TableStream
from dali.writers.sink import Pieces
from dali.writers.votable import description

# VOParquet 1.0
VERSION = "IVOA.VOTable-Parquet.version"
CONTENT = "IVOA.VOTable-Parquet.content"
_MEMBERS = ("datatype", "arraysize", "xtype", "unit", "ucd", "utype", "description")


def write(stream: TableStream) -> Iterator[bytes]:
    """The stream, a message per batch."""
    rows = LimitedBatches(stream)
    batches = iter(rows)
    batch = next(batches, None)
    described = schema(stream.fields).with_metadata(
        {VERSION: "1.0", CONTENT: description(stream).decode()}
    )
    pieces = Pieces()
    writer = pa.ipc.new_stream(pieces, described)
    while batch is not None:
        writer.write_batch(declared(stream.fields, batch, described))
        yield pieces.take()
        batch = next(batches, None)
    if rows.overflow is not None:
        nothing = pa.RecordBatch.from_pylist([], schema=described)
        writer.write_batch(nothing, {rows.overflow.name: rows.overflow.value})
    writer.close()
    yield pieces.take()


def schema(fields: Sequence[Field]) -> pa.Schema:
    """The columns' types and metadata."""
    return pa.schema(
        [pa.field(field.name, arrow_type(field), metadata=_metadata(field)) for field in fields]
    )


def _metadata(field: Field) -> dict[str, str]:
    given = ((name, getattr(field, name)) for name in _MEMBERS)
    return {name: value for name, value in given if value is not None}


def declared(
    fields: Sequence[Field], batch: pa.RecordBatch, table_schema: pa.Schema
) -> pa.RecordBatch:
    """The batch with its columns as the fields declare them."""
    columns = [as_declared(f, c) for f, c in zip(fields, batch.columns, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=table_schema)
