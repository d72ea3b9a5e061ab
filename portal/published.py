"""What pages say of the TAP service: its tables, its examples, what its queries may use."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings

import adql
from adql.schema import Column, Schema, Table
from dali.fields import Field
from dali.formats import FORMATS, TableFormat
from tap import published, vosi
from tap.examples import Example, examples
from tap.names import as_written, qualified
from tap.row_counts import row_counts

_SYNCHRONOUS = "/tap/sync"
_FEATURES = "ivo://ivoa.net/std/TAPRegExt#features-"
_KINDS = {
    "adqlgeo": "Geometry",
    "adql-string": "Text",
    "adql-sets": "Set operators",
    "adql-common-table": "Named subqueries",
    "adql-type": "Types",
    "adql-unit": "Units",
    "adql-offset": "Offset",
    "udf": "Functions of this service",
}


@dataclass(frozen=True, slots=True)
class PublishedColumn:
    """A column as a person reads of it; ``name`` and ``type`` as a query writes them."""

    name: str
    type: str
    column: Column


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table: its name as a query writes it, and how many rows it has, if that is known.

    preview_url: the first rows, as a page.
    """

    name: str
    table: Table
    rows: int | None
    columns: tuple[PublishedColumn, ...]
    preview_url: str


@dataclass(frozen=True, slots=True)
class PublishedSchema:
    """Tables that belong together."""

    schema: Schema
    tables: tuple[PublishedTable, ...]


@dataclass(frozen=True, slots=True)
class RunnableExample:
    """An example; ``url`` runs it and shows the result as a page."""

    example: Example
    url: str


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the service can do: limits, formats, and what the language has by kind.

    is_available: whether it can do it now. up_since: when the process began that says so, in UTC.
    more: what the language has beside the features.
    """

    is_available: bool
    up_since: datetime
    row_limit: int
    row_limit_hard: int
    seconds_synchronous: int
    seconds_default: int
    seconds_hard: int
    formats: tuple[TableFormat, ...]
    features: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    more: str


def published_schemas() -> tuple[PublishedSchema, ...]:
    """Every schema with its tables and columns."""
    counts = row_counts()
    return tuple(
        PublishedSchema(
            schema, tuple(_table(t, counts.get(t.qualified_name)) for t in schema.tables)
        )
        for schema in published.catalogue().schemas
    )


def runnable_examples() -> tuple[RunnableExample, ...]:
    """The service's examples, each with the address that runs it."""
    return tuple(RunnableExample(example, _query_url(example.query)) for example in examples())


def abilities() -> Abilities:
    """What the capabilities document says, for people."""
    features = adql.language_features(published.functions())
    return Abilities(
        is_available=vosi.is_available(),
        up_since=vosi.STARTED,
        row_limit=settings.VO_TAP_MAXREC,
        row_limit_hard=settings.VO_TAP_MAXREC_HARD,
        seconds_synchronous=settings.VO_TAP_SYNC_TIMEOUT_S,
        seconds_default=settings.VO_UWS_DEFAULT_EXECUTION_DURATION_S,
        seconds_hard=settings.VO_UWS_MAX_EXECUTION_DURATION_S,
        formats=FORMATS,
        features=tuple((_kind(name), forms) for name, forms in features.items()),
        more=adql.UNDECLARED,
    )


def _table(table: Table, rows: int | None) -> PublishedTable:
    name = qualified(table)
    columns = tuple(_column(column) for column in table.columns)
    preview = f"SELECT TOP 20 * FROM {name}"  # noqa: S608 - a name that we declared
    return PublishedTable(name, table, rows, columns, _query_url(preview))


def _column(column: Column) -> PublishedColumn:
    field = Field.of(column)
    size = f"({field.arraysize})" if field.arraysize else ""
    kind = field.xtype or ("text" if field.is_string else f"{field.datatype}{size}")
    return PublishedColumn(as_written(column.name), kind, column)


def _query_url(query: str) -> str:
    parameters = {"LANG": "ADQL", "RESPONSEFORMAT": "html", "QUERY": query}
    return f"{settings.SITE_URL}{_SYNCHRONOUS}?{urlencode(parameters)}"


def _kind(name: str) -> str:
    """Words for a type of feature; its own name where there are none."""
    word = name.removeprefix(_FEATURES)
    return _KINDS.get(word, word)
