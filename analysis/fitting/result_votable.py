"""What a fit found as VOTable: what users get, and no step reads or writes."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from analysis.fitting.results import FitResult, fit_cards
from dali.fields import Field
from dali.tables import Info, TableStream
from dali.writers import tabledata

_FIELDS = (
    Field("parameter", "char", arraysize="*", ucd="meta.id;meta.main", description="XSPEC's name"),
    Field("value", "double", ucd="stat.fit.param", description="Best value"),
    Field("error", "double", ucd="stat.error", description="Standard deviation (HESSE)"),
    Field("error_low", "double", ucd="stat.error", description="Error downwards (MINOS)"),
    Field("error_high", "double", ucd="stat.error", description="Error upwards (MINOS)"),
    Field("unit", "char", arraysize="*", ucd="meta.unit", description="Unit of value and errors"),
    Field("description", "char", arraysize="*", ucd="meta.note", description="What it is"),
)


def write_fit_votable(path: Path, result: FitResult, infos: Sequence[Info] = ()) -> None:
    """Write a fit's parameters as a VOTable; chi-square, range and fluxes are INFOs.

    infos: what else is said of the fit.
    """
    said = (
        *(Info(keyword, str(value), comment) for keyword, value, comment in fit_cards(result)),
        *infos,
    )
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array(
                [getattr(p, _ATTRIBUTES.get(field.name, field.name)) for p in result.parameters],
                type=pa.string() if field.datatype == "char" else pa.float64(),
            )
            for field in _FIELDS
        ],
        names=[field.name for field in _FIELDS],
    )
    with path.open("wb") as file:
        file.writelines(tabledata.write(TableStream(_FIELDS, [batch], said)))


_ATTRIBUTES = {"parameter": "name"}
