"""Reading back what the writers wrote."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pytest
from astropy.io import votable
from hypothesis import strategies as st

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


_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_VALUES: list[tuple[Field, st.SearchStrategy[Any]]] = [
    (Field("flag", "boolean"), st.booleans()),
    (Field("tiny", "unsignedByte"), st.integers(0, 255)),
    (Field("small", "short"), st.integers(-(2**15), 2**15 - 1)),
    (Field("whole", "int", unit="s"), st.integers(-(2**31), 2**31 - 1)),
    (Field("big", "long"), st.integers(-(2**63), 2**63 - 1)),
    (Field("rough", "float"), st.floats(width=32)),
    (Field("exact", "double", unit="deg", ucd="pos.eq.ra"), st.floats()),
    (Field("word", "char", "*"), st.text(st.characters(min_codepoint=32, max_codepoint=126))),
    (Field("letters", "unicodeChar", "*", description="Ünïcode"), st.text(_CHARACTERS)),
    (
        Field("region", "double", "*", xtype="polygon", unit="deg"),
        st.lists(st.floats(), max_size=4),
    ),
    (
        Field("point", "double", "2", xtype="point", unit="deg"),
        st.lists(st.floats(), min_size=2, max_size=2),
    ),
]


@st.composite
def _tables(draw: st.DrawFn) -> tuple[list[Field], list[list[Any]]]:
    chosen = draw(st.lists(st.sampled_from(_VALUES), min_size=1, max_size=7, unique=True))
    size = draw(st.integers(0, 9))
    columns = [
        draw(st.lists(st.one_of(st.none(), values), min_size=size, max_size=size))
        for _, values in chosen
    ]
    return [field for field, _ in chosen], columns


@pytest.fixture
def tables() -> st.SearchStrategy[tuple[list[Field], list[list[Any]]]]:
    """Any table: fields and their columns' values, ``None`` for NULL."""
    return _tables()
