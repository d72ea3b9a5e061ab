"""VOTable's BINARY serialisation (VOTable 1.4, section 5.3), which older clients ask for.

BINARY has no mask of NULLs. An integer NULL is the least number of its type (255 for
unsignedByte), declared in VALUES, and can't be told from that number; a NULL of floating point is
NaN, a string's is empty. Only BINARY2 tells all of them.
"""

from collections.abc import Iterator

import pyarrow as pa

from dali.columns import as_declared
from dali.tables import TableStream
from dali.writers.binary_rows import Base64Encoder, encoded_rows
from dali.writers.votable import write_votable

_NULLS = {"unsignedByte": 255, "short": -(2**15), "int": -(2**31), "long": -(2**63)}


def write(stream: TableStream) -> Iterator[bytes]:
    """A VOTable whose rows are BINARY in base64."""
    return write_votable(stream, BinaryEncoder(stream.fields))


class BinaryEncoder(Base64Encoder):
    """Rows as BINARY, in base64."""

    envelope = (("BINARY", {}), ("STREAM", {"encoding": "base64"}))
    nulls = _NULLS

    def rows(self, batch: pa.RecordBatch) -> bytes:
        """The batch's rows."""
        columns = [as_declared(f, c) for f, c in zip(self._fields, batch.columns, strict=True)]
        return encoded_rows(self._fields, columns, nulls=_NULLS)
