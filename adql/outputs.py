"""The columns of a result, and the names that SQL uses for what has none of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import count

from adql import typed
from adql.schema import SpaceSystem, TimeSystem
from adql.types import NULL, TEXT


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of a query's result.

    datatype, arraysize, xtype: VOTable's. postgres_type: what the SQL statement gives;
    geometries come as arrays of degrees in the order of DALI 1.1, section 3.3 (``lon lat``,
    ``lon lat radius``, ``lon1 lat1 lon2 lat2 ...``), timestamps as text in ISO 8601.
    system: what a published column's positions or times are counted from.
    """

    name: str
    datatype: str
    arraysize: str | None = None
    xtype: str | None = None
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    description: str = ""
    postgres_type: str = "text"
    system: SpaceSystem | TimeSystem | None = None


@dataclass(frozen=True, slots=True)
class ResolvedQuery:
    """A query whose every name is bound, and the columns of its result, uniquely named.

    reads_data: a function looked up what may change while the schema doesn't.
    """

    query: typed.Query
    columns: tuple[OutputColumn, ...]
    reads_data: bool = False


def output_columns(query: typed.Query) -> tuple[OutputColumn, ...]:
    """What a query gives, with names that differ in more than case."""
    taken: set[str] = set()
    columns = []
    for output in query.outputs:
        name = unused(output.name, taken)
        data_type, meaning = output.value.type, output.value.meaning
        if data_type == NULL:
            data_type = TEXT
        columns.append(
            OutputColumn(
                name,
                data_type.datatype,
                data_type.arraysize,
                data_type.xtype,
                meaning.unit,
                meaning.ucd,
                meaning.utype,
                meaning.description,
                data_type.postgres_output,
                meaning.system,
            )
        )
    return tuple(columns)


def of_one_system(output: typed.Output, other: typed.Output) -> typed.Output:
    """The output; without a system, where the other's positions or times have another."""
    meaning = output.value.meaning
    if meaning.system == other.value.meaning.system:
        return output
    return replace(output, value=replace(output.value, meaning=replace(meaning, system=None)))


def unused(name: str, taken: set[str]) -> str:
    """The name, numbered where it is taken, whatever its case; it is taken then."""
    candidate = name
    for number in count(2):
        if candidate.lower() not in taken:
            break
        candidate = f"{name}_{number}"
    taken.add(candidate.lower())
    return candidate


def plain(name: str) -> str:
    """A name like the given one, short and plain enough for PostgreSQL's 63 bytes."""
    return re.sub(r"[^a-z0-9_]+", "_", name.lower())[:40] or "_"
