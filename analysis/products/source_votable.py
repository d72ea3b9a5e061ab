"""A source list as VOTable: what users get, and no step reads or writes."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from adql.schema import SpaceSystem
from analysis.products.source_list import COLUMNS, Source
from dali.fields import Field
from dali.tables import Info, TableStream
from dali.writers import tabledata

_ARROW = {"char": pa.string(), "double": pa.float64(), "boolean": pa.bool_()}


def write_source_votable(path: Path, sources: Iterable[Source], infos: Sequence[Info] = ()) -> None:
    """Write a source list as VOTable (TABLEDATA) with units, UCDs and its ICRS frame.

    infos: what is said of the list (who made it, from what).
    """
    rows = list(sources)
    fields = tuple(
        Field(
            column.name,
            column.datatype,
            arraysize="*" if column.datatype == "char" else None,
            unit=column.unit,
            ucd=column.ucd,
            description=column.description,
            system=SpaceSystem("ICRS") if column.ucd.startswith("pos.eq") else None,
        )
        for column in COLUMNS
    )
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array([getattr(row, column.name) for row in rows], type=_ARROW[column.datatype])
            for column in COLUMNS
        ],
        names=[column.name for column in COLUMNS],
    )
    with path.open("wb") as file:
        file.writelines(tabledata.write(TableStream(fields, [batch], tuple(infos))))
