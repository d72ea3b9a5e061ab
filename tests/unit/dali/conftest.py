"""Reading back what the writers wrote."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pytest
from astropy.io import votable

from dali.columns import arrow_type
from dali.fields import Field
from dali.tables import TableStream

ReadBack = Callable[..., tuple[list[list[Any]], Any]]


@pytest.fixture
def stream_of() -> Callable[..., TableStream]:
    """Make a stream from fields and their columns' values, in batches of ``size`` rows."""

    def make(
        fields: Sequence[Field], columns: Sequence[list[Any]], size: int = 3, **options: Any
    ) -> TableStream:
        arrays = [pa.array(v, arrow_type(f)) for f, v in zip(fields, columns, strict=True)]
        names = [f"c{number}" for number in range(len(fields))]
        whole = pa.record_batch(arrays, names=names)
        # slices keep the whole column's buffers: writers must respect the offset
        batches = [whole.slice(start, size) for start in range(0, whole.num_rows, size)]
        return TableStream(tuple(fields), iter(batches), **options)

    return make


@pytest.fixture
def read_votable() -> Callable[[bytes], Any]:
    """Parse a VOTable strictly: a warning is an error."""

    def read(document: bytes) -> Any:
        return votable.parse(io.BytesIO(document), verify="exception")

    return read
