"""A table on its way to a client: fields, rows that arrive in batches, and what is said of them.

DALI 1.1, sections 3.4.3 (MAXREC) and 4.4 (VOTable usage): QUERY_STATUS comes first, and once more
after the table where rows were left out or the query failed in the middle.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from dali.errors import DaliError
from dali.fields import Field
from dali.services import Service

QUERY_STATUS = "QUERY_STATUS"


@dataclass(frozen=True, slots=True)
class Info:
    """An INFO of VOTable: a name, a value, a text for people, and what kind of value it is."""

    name: str
    value: str
    text: str = ""
    ucd: str | None = None


@dataclass(frozen=True, slots=True)
class TableStream:
    """A table that is written while its rows arrive.

    batches: record batches with one column per field, in the fields' order. Names of the batches'
        columns don't matter. May raise `dali.errors.DaliError` at any point.
    infos: what is said before the table, after QUERY_STATUS.
    limit: rows that are written at most (MAXREC); one row more and the result has overflowed, so
        ``batches`` must offer at least one row beyond the limit if there is one. A limit of 0 asks
        for the fields alone: no batch is pulled, and the result counts as cut.
    services: offered for values of this table; those without a column here are left out.
    """

    fields: tuple[Field, ...]
    batches: Iterable[pa.RecordBatch]
    infos: tuple[Info, ...] = ()
    limit: int | None = None
    services: tuple[Service, ...] = ()


class LimitedBatches:
    """The batches of a stream up to its limit; afterwards `overflowed` says if there were more."""

    def __init__(self, stream: TableStream) -> None:
        """Nothing is pulled before the first iteration."""
        self._stream = stream
        self.overflowed = False

    @property
    def overflow(self) -> Info | None:
        """What is said where rows were left out; ``None`` where none were."""
        if not self.overflowed:
            return None
        return Info(QUERY_STATUS, "OVERFLOW", f"cut after {self._stream.limit} rows")

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Non-empty batches, the last one cut where the limit is."""
        left = self._stream.limit
        if left == 0:
            self.overflowed = True
            return
        for batch in self._stream.batches:
            if left is not None and batch.num_rows > left:
                self.overflowed = True
                if left:
                    yield batch.slice(0, left)
                return
            if batch.num_rows:
                yield batch
            if left is not None:
                left -= batch.num_rows


class Ending:
    """Limited batches, for a format that tells at its end how the table ended.

    A `DaliError` before the first batch is raised; a later one ends the rows and is told in
    `status`, as is an overflow.
    """

    def __init__(self, rows: LimitedBatches) -> None:
        """Nothing is pulled before the first iteration."""
        self._rows = rows
        self._failure: DaliError | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """The batches, up to the limit or to the failure."""
        begun = False
        try:
            for batch in self._rows:
                begun = True
                yield batch
        except DaliError as error:
            if not begun:
                raise
            self._failure = error

    @property
    def status(self) -> Info:
        """QUERY_STATUS once the batches are over: OK, OVERFLOW or ERROR."""
        if self._failure is not None:
            return Info(QUERY_STATUS, "ERROR", self._failure.message)
        return self._rows.overflow or Info(QUERY_STATUS, "OK")
