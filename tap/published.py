"""What this service offers to queries: given once, at start, by `vo_server.composition`."""

from collections.abc import Iterable

from adql import Function
from adql.schema import Catalogue, Schema
from dali.services import Service
from tap.tables import TAP_SCHEMA

_catalogue = Catalogue((TAP_SCHEMA,))
_functions: tuple[Function, ...] = ()
_services: tuple[Service, ...] = ()


def declare(
    schemas: Iterable[Schema],
    functions: Iterable[Function] = (),
    services: Iterable[Service] = (),
) -> Catalogue:
    """Publish these schemas and TAP_SCHEMA, from now on; schemas of one name become one.

    functions: user defined ones, beside those of the language. services: that take values of
    published columns.
    """
    global _catalogue, _functions, _services
    _functions = tuple(functions)
    _services = tuple(services)
    by_name: dict[str, Schema] = {}
    for schema in (*schemas, TAP_SCHEMA):
        other = by_name.get(schema.name)
        tables = (*other.tables, *schema.tables) if other else schema.tables
        first = other or schema
        by_name[schema.name] = Schema(first.name, first.description, tables, first.utype)
    _catalogue = Catalogue(tuple(by_name.values()))
    return _catalogue


def catalogue() -> Catalogue:
    """All that is published, TAP_SCHEMA included."""
    return _catalogue


def functions() -> tuple[Function, ...]:
    """The user defined functions that queries may call."""
    return _functions


def services() -> tuple[Service, ...]:
    """The services that results with the right columns are offered with."""
    return _services
