"""Rows kept on disk until all of them are there, for formats that begin with their number."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

# by the file system's standard on disk, where /tmp may be in memory
_ON_DISK = Path("/var/tmp")  # noqa: S108 - the file has no name there


def _folder() -> str | None:
    """Where the file lies: TMPDIR, where it is set."""
    chosen = "TMPDIR" in os.environ or not os.access(_ON_DISK, os.W_OK)
    return None if chosen else str(_ON_DISK)


class Spool:
    """A temporary file of record batches; gone at the end of a ``with``, or with the process."""

    def __init__(self, schema: pa.Schema) -> None:
        """Begins empty; every batch has this schema."""
        self._file = tempfile.TemporaryFile(dir=_folder())  # noqa: SIM115 - closed at the end
        self._writer = pa.ipc.new_stream(self._file, schema)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the file."""
        self._writer.close()
        self._file.close()

    def write(self, batch: pa.RecordBatch) -> None:
        """Put a batch behind the others."""
        self._writer.write_batch(batch)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All batches from the first; nothing is written after the first call."""
        self._writer.close()
        self._file.seek(0)
        yield from pa.ipc.open_stream(self._file)
