"""The Astronomical Data Query Language, ADQL 2.1: text → tree → typed tree → PostgreSQL.

`parse` makes a tree of a query, `resolve` binds its names to published tables and types every
value, `to_postgres` writes one SELECT statement. Whatever is wrong with a query is an `AdqlError`
with line, column and a hint. Nothing here knows of Django or of a database.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from adql.catalogue_functions import CATALOGUE_FUNCTIONS, simbad_point
from adql.errors import AdqlError, Position
from adql.features import UNDECLARED, language_features
from adql.functions import BUILT_IN, Function, Parameter, Signature
from adql.outputs import OutputColumn, ResolvedQuery
from adql.parser import parse
from adql.postgres import to_postgres
from adql.printer import write
from adql.resolver import UPLOAD_SCHEMA, resolve
from adql.schema import Catalogue

__all__ = [
    "BUILT_IN",
    "CATALOGUE_FUNCTIONS",
    "UNDECLARED",
    "UPLOAD_SCHEMA",
    "AdqlError",
    "Function",
    "OutputColumn",
    "Parameter",
    "Position",
    "ResolvedQuery",
    "Signature",
    "Translation",
    "language_features",
    "parse",
    "resolve",
    "simbad_point",
    "to_postgres",
    "translate",
    "write",
]


@dataclass(frozen=True, slots=True)
class Translation:
    """One SELECT statement and the columns that it gives, in order.

    reads_data: the statement holds what was looked up and may change while the schema doesn't.
    """

    sql: str
    columns: tuple[OutputColumn, ...]
    reads_data: bool = False


def translate(
    text: str,
    catalogue: Catalogue,
    functions: Iterable[Function] = (),
    limit: int | None = None,
    *,
    packed: bool = False,
) -> Translation:
    """A query's text in SQL.

    limit: the most rows to give; packed: polygons may leave as bytes; both as for `to_postgres`.
    """
    resolved = resolve(parse(text), catalogue, functions)
    sql = to_postgres(resolved, limit=limit, packed=packed)
    return Translation(sql, resolved.columns, resolved.reads_data)
