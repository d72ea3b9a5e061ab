"""Apache Parquet, compressed with Zstandard, row group by row group.

VO metadata follow VOParquet 1.0 (IVOA note of 2025-01-16): the file's metadata hold a VOTable
without rows. Parquet ends in its metadata, so that QUERY_STATUS there tells an overflow. A late
failure is raised: a file without its end can't be read.
"""

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dali.tables import Info, LimitedBatches, TableStream
from dali.writers.arrow import CONTENT, VERSION, declared, schema
from dali.writers.sink import Pieces
from dali.writers.votable import description

# Zstandard's level 1 takes half the time of level 3 and a tenth more space
_COMPRESSION_LEVEL = 1
# of Arrow's columns: larger groups compress better and are scanned faster, but stand in memory
_GROUP_BYTES = 16 * 1024 * 1024


def write(stream: TableStream) -> Iterator[bytes]:
    """The file; its first row group is the first batch, so that the first bytes leave early."""
    rows = LimitedBatches(stream)
    batches = iter(rows)
    batch = next(batches, None)
    table_schema = schema(stream.fields)
    pieces = Pieces()
    writer = pq.ParquetWriter(
        pieces,
        table_schema,
        compression="zstd",
        compression_level=_COMPRESSION_LEVEL,
        # Arrow's own schema would hide the metadata that come last
        store_schema=False,
    )
    group: list[pa.RecordBatch] = []
    enough = 0
    # a NULL is read as "None" by astropy
    longest = {field.name: 4 for field in stream.fields if field.is_string}
    while batch is not None:
        batch = declared(stream.fields, batch, table_schema)
        for name in longest:
            length = pc.max(pc.utf8_length(batch.column(name))).as_py()
            longest[name] = max(longest[name], length or 0)
        group.append(batch)
        if sum(part.nbytes for part in group) >= enough:
            _write_group(writer, group)
            enough = _GROUP_BYTES
            yield pieces.take()
        batch = next(batches, None)
    _write_group(writer, group)
    writer.add_key_value_metadata(_metadata(stream, rows.overflow, longest))
    writer.close()
    yield pieces.take()


def _metadata(
    stream: TableStream, overflow: Info | None, longest: dict[str, int]
) -> dict[str, str]:
    """The VOTable, and what astropy wants to know of strings.

    longest: characters of each column's longest string. astropy joins the VOTable's columns and
    the file's only where strings have a limit, and fails on a NULL string whose limit it isn't
    told (which it reads as "None").
    """
    fields = tuple(
        replace(field, arraysize=f"{longest[field.name]}*") if field.name in longest else field
        for field in stream.fields
    )
    return {
        VERSION: "1.0",
        CONTENT: description(replace(stream, fields=fields), overflow).decode(),
        **{f"table::len::{name}": str(length) for name, length in longest.items()},
    }


def _write_group(writer: pq.ParquetWriter, group: list[pa.RecordBatch]) -> None:
    if group:
        table = pa.Table.from_batches(group)
        writer.write_table(table, row_group_size=table.num_rows)
        group.clear()
