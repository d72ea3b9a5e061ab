"""VOTable's BINARY2 serialisation (VOTable 1.4, section 5.4).

Each row is a mask of NULLs and then the cells, fixed-width ones as they are, others after a count.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from dali.columns import as_declared, present
from dali.fields import Field
from dali.tables import TableStream
from dali.writers.binary_rows import Base64Encoder, encoded_rows
from dali.writers.votable import write_votable


def write(stream: TableStream) -> Iterator[bytes]:
    """A VOTable whose rows are BINARY2 in base64."""
    return write_votable(stream, Binary2Encoder(stream.fields))


class Binary2Encoder(Base64Encoder):
    """Rows as BINARY2, in base64."""

    envelope = (("BINARY2", {}), ("STREAM", {"encoding": "base64"}))

    def rows(self, batch: pa.RecordBatch) -> bytes:
        """The batch's rows."""
        return encode_rows(self._fields, batch)


def encode_rows(fields: tuple[Field, ...], batch: pa.RecordBatch) -> bytes:
    """Rows of a batch as BINARY2 has them."""
    columns = [as_declared(f, c) for f, c in zip(fields, batch.columns, strict=True)]
    missing = np.zeros((batch.num_rows, len(fields)), dtype=np.bool_)
    for number, column in enumerate(columns):
        if column.null_count:
            missing[:, number] = ~present(column)
    return encoded_rows(fields, columns, np.packbits(missing, axis=1))
